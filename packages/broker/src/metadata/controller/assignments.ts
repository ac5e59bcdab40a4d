// The replicas of new partitions: placed by the controller, or checked when a client placed them.

import type { Random } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import { type ExistingReplicas, placeReplicas } from '../placement/placement.ts'
import type { PartitionRecord, TopicId } from '../records/records.ts'
import { type ControllerState, refused } from './state.ts'
import type { ItemResult } from './types.ts'

/** Replicas of each new partition, or why there are none. */
export type Assignment =
  | { readonly kind: 'assigned'; readonly replicas: readonly (readonly number[])[] }
  | { readonly kind: 'refused'; readonly result: ItemResult }

export interface Wanted {
  readonly partitionCount: number
  readonly replicationFactor: number
  /** Of the partitions the topic has already. */
  readonly existing: ExistingReplicas
}

/** Lets the controller place the replicas. */
export function placed(state: ControllerState, wanted: Wanted, random: Random): Assignment {
  const { cluster } = state.image
  const brokers = cluster.sortedIds().flatMap(id => {
    const broker = cluster.broker(id)
    return broker === undefined ? [] : [{ id, zone: broker.zone, fenced: !cluster.isActive(id) }]
  })
  const placement = placeReplicas({ ...wanted, brokers }, random)
  if (placement.kind === 'placed') return { kind: 'assigned', replicas: placement.replicas }
  const times = `${wanted.replicationFactor} time(s)`
  const message = `Unable to replicate the partition ${times}: ${placement.reason}`
  return { kind: 'refused', result: refused('INVALID_REPLICATION_FACTOR', message) }
}

/** Checks replicas that a client has placed; all lists must be as long as `replicationFactor`. */
export function checked(
  state: ControllerState,
  replicas: readonly (readonly number[])[],
  replicationFactor: number | undefined,
): Assignment {
  const { cluster } = state.image
  const expected = replicationFactor ?? replicas[0]?.length
  for (const ids of replicas) {
    if (ids.length === 0) return invalid('A partition is assigned no replicas.')
    if (ids.length !== expected) {
      return invalid(`A partition is assigned ${ids.length} replicas, others ${expected}.`)
    }
    if (new Set(ids).size < ids.length) return invalid(`A broker is named twice: ${ids}.`)
    const unknown = ids.find(id => cluster.broker(id) === undefined)
    if (unknown !== undefined) return invalid(`Broker ${unknown} is not registered.`)
    if (!ids.some(id => cluster.isActive(id))) {
      return invalid(`All of ${ids} are fenced or in controlled shutdown.`)
    }
  }
  return { kind: 'assigned', replicas }
}

/** A partition begins with whoever is there, led by the first of them. */
export function newPartition(
  state: ControllerState,
  topicId: TopicId,
  partitionIndex: number,
  replicas: readonly number[],
): PartitionRecord {
  const isr = replicas.filter(id => state.image.cluster.isActive(id))
  return {
    kind: 'partition',
    topicId,
    partitionIndex,
    replicas,
    isr,
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: isr[0] ?? -1,
    leaderRecoveryState: 'recovered',
    leaderEpoch: 0,
    partitionEpoch: 0,
  }
}

function invalid(message: string): Assignment {
  const error: ErrorName = 'INVALID_REPLICA_ASSIGNMENT'
  return { kind: 'refused', result: refused(error, message) }
}
