// Which brokers hold the replicas of new partitions. Zones first, then brokers: a partition loses
// as little as can be when a zone is lost, and leadership is spread evenly.

import { assert, present, type Random } from '@klamm/base'

export interface PlacementBroker {
  readonly id: number
  readonly zone: string | undefined
  /** Gets replicas only when there are not enough others, and never the first one. */
  readonly fenced: boolean
}

/** Replica lists of the partitions there are already: new ones balance them. */
export type ExistingReplicas = readonly (readonly number[])[]

export interface PlacementRequest {
  readonly brokers: readonly PlacementBroker[]
  readonly partitionCount: number
  readonly replicationFactor: number
  readonly existing: ExistingReplicas
}

/** Replica lists, one per partition, the preferred leader first; or why there are none. */
export type Placement =
  | { readonly kind: 'placed'; readonly replicas: readonly (readonly number[])[] }
  | { readonly kind: 'impossible'; readonly reason: string }

/** One broker while replicas are being placed. */
interface Candidate {
  readonly id: number
  readonly zone: number
  readonly fenced: boolean
  /** How many partitions have it at each place in their lists; the first one is the leader's. */
  readonly atPlace: number[]
  replicas: number
  /** Settles ties; another one for every partition. */
  ticket: number
}

/**
 * Greedy: every replica goes where there is least, see `isBetter`. Brokers without a zone are one
 * zone together. Deterministic for equal `random`.
 */
export function placeReplicas(request: PlacementRequest, random: Random): Placement {
  const { partitionCount, replicationFactor, brokers } = request
  assert(partitionCount > 0 && replicationFactor > 0, 'there is something to place')
  if (brokers.every(broker => broker.fenced)) {
    return { kind: 'impossible', reason: 'All brokers are fenced or in controlled shutdown.' }
  }
  if (replicationFactor > brokers.length) {
    const reason = `The target replication factor of ${replicationFactor} cannot be reached because only ${brokers.length} broker(s) are registered.`
    return { kind: 'impossible', reason }
  }
  const candidates = candidatesFor(request)
  const replicas: number[][] = []
  for (let i = 0; i < partitionCount; i++) {
    replicas.push(placePartition(candidates, replicationFactor, random))
  }
  return { kind: 'placed', replicas }
}

function candidatesFor({
  brokers,
  existing,
  replicationFactor,
}: PlacementRequest): readonly Candidate[] {
  const zones = new Map<string | undefined, number>()
  const byId = new Map<number, Candidate>()
  for (const { id, zone, fenced } of brokers) {
    const index = zones.get(zone) ?? zones.size
    zones.set(zone, index)
    const atPlace = new Array<number>(replicationFactor).fill(0)
    byId.set(id, { id, zone: index, fenced, atPlace, replicas: 0, ticket: 0 })
  }
  for (const ids of existing) {
    ids.forEach((id, place) => {
      const candidate = byId.get(id)
      if (candidate !== undefined) count(candidate, place)
    })
  }
  return [...byId.values()]
}

function placePartition(
  candidates: readonly Candidate[],
  replicationFactor: number,
  random: Random,
): number[] {
  const ids: number[] = []
  const usesOfZone = new Map<number, number>()
  for (const candidate of candidates) candidate.ticket = random.u32()
  for (let place = 0; place < replicationFactor; place++) {
    let best: Candidate | undefined
    for (const candidate of candidates) {
      if (ids.includes(candidate.id)) continue
      if (best === undefined || isBetter(candidate, best, place, usesOfZone)) best = candidate
    }
    const chosen = present(best, 'there are as many brokers as replicas')
    ids.push(chosen.id)
    count(chosen, place)
    usesOfZone.set(chosen.zone, (usesOfZone.get(chosen.zone) ?? 0) + 1)
  }
  return ids
}

/** Somebody who is there; a zone with fewer replicas of the partition; a broker with less to do. */
function isBetter(
  a: Candidate,
  b: Candidate,
  place: number,
  usesOfZone: ReadonlyMap<number, number>,
): boolean {
  if (a.fenced !== b.fenced) return !a.fenced
  const inZone = (usesOfZone.get(a.zone) ?? 0) - (usesOfZone.get(b.zone) ?? 0)
  if (inZone !== 0) return inZone < 0
  const here = (a.atPlace[place] ?? 0) - (b.atPlace[place] ?? 0)
  if (here !== 0) return here < 0
  if (a.replicas !== b.replicas) return a.replicas < b.replicas
  return a.ticket < b.ticket
}

function count(candidate: Candidate, place: number): void {
  candidate.replicas += 1
  candidate.atPlace[place] = (candidate.atPlace[place] ?? 0) + 1
}
