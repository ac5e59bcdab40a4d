// From a spec to the nodes of a cluster: ids, zones, ports, directories, voters. Pure.

import type { CheckedSpec } from './spec.ts'

export interface NodePlan {
  readonly brokerId: number
  readonly zone: string
  /** 0: a free port. */
  readonly port: number
  /** Name of the node's directory inside the data directory. */
  readonly directory: string
  /** Whether it votes in the metadata quorum. */
  readonly isVoter: boolean
}

/** Brokers of one zone have neighbouring ids in turn: 1, 2, 3 are in the first three zones. */
export function planCluster(spec: CheckedSpec): readonly NodePlan[] {
  const { zones, brokersPerZone } = spec
  const count = zones.length * brokersPerZone
  const voters = voterCount(count)
  return Array.from({ length: count }, (_, i) => ({
    brokerId: i + 1,
    zone: zones[i % zones.length] ?? '',
    port: spec.port === 0 ? 0 : spec.port + i,
    directory: `broker-${i + 1}`,
    isVoter: i < voters,
  }))
}

/**
 * How many brokers vote: an odd number, because an even one tolerates no more losses than the odd
 * one below it, and five at most, because every vote costs a round trip. The first brokers are in
 * different zones, so the voters are too.
 */
export function voterCount(brokers: number): number {
  if (brokers >= 5) return 5
  return brokers >= 3 ? 3 : 1
}
