// What the coming and going of brokers does to the partitions they have replicas of.

import type { PartitionImage } from '../image/partition.ts'
import { noLeader, type PartitionChangeRecord } from '../records/records.ts'
import { changePartition, type PartitionTarget } from './partition-change.ts'
import { type ControllerState, ElectionConfigs } from './state.ts'

export interface BrokerMoves {
  /** Leave every ISR, and lead no more. */
  readonly going: ReadonlySet<number>
  /** May lead from now on, though the image says otherwise still. */
  readonly coming?: number
  /** One of those that go, without proof that it kept what it had: leaves every ELR too. */
  readonly lost?: number
  /** One of those that go, with nothing left on its disks. */
  readonly emptied?: number
}

/** The changes of all partitions concerned, in the order of the image. */
export function partitionChangesFor(
  state: ControllerState,
  moves: BrokerMoves,
): PartitionChangeRecord[] {
  const { cluster, topics } = state.image
  const configs = new ElectionConfigs(state)
  const mayLead = (id: number) =>
    !moves.going.has(id) && (id === moves.coming || cluster.isActive(id))
  const records: PartitionChangeRecord[] = []
  for (const topic of topics.values()) {
    for (let index = 0; index < topic.partitions.length; index++) {
      const partition = topic.partitions[index]
      if (partition === undefined || !isConcerned(partition, moves)) continue
      const config = configs.of(topic.name)
      const election = config.uncleanLeaderElection ? 'unclean' : 'online'
      const target = targetOf(partition, moves)
      const context = { election, config, mayLead } as const
      const record = changePartition(topic.id, index, partition, target, context)
      if (record !== undefined) records.push(record)
    }
  }
  return records
}

function isConcerned(partition: PartitionImage, moves: BrokerMoves): boolean {
  if (moves.coming !== undefined && partition.leader === noLeader) return true
  for (const id of moves.going) if (partition.isr.includes(id)) return true
  return (
    (moves.lost !== undefined && partition.elr.includes(moves.lost)) ||
    (moves.emptied !== undefined && partition.lastKnownElr.includes(moves.emptied))
  )
}

function targetOf(partition: PartitionImage, moves: BrokerMoves): PartitionTarget {
  const { lost, emptied } = moves
  return {
    isr: partition.isr.filter(id => !moves.going.has(id)),
    ...(lost === undefined ? {} : { lost }),
    ...(emptied === undefined ? {} : { emptied }),
  }
}
