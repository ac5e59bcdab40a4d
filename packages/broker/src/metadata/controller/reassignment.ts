// Replicas move from broker to broker (KIP-455): new ones are added first, old ones go when all the
// new ones are in sync. How it completes: partition-change.ts.

import { isReassigning, type PartitionImage } from '../image/partition.ts'
import type { TopicImage } from '../image/topics.ts'
import type { PartitionChangeRecord } from '../records/records.ts'
import { changePartition, type PartitionTarget } from './partition-change.ts'
import { type ControllerState, ElectionConfigs, noError, refused } from './state.ts'
import type { ItemResult, Outcome, ReassignedPartition, Reassignment } from './types.ts'

/** One result per partition, in order. */
export function alterPartitionReassignments(
  state: ControllerState,
  reassignments: readonly Reassignment[],
): Outcome<readonly ReassignedPartition[]> {
  const configs = new ElectionConfigs(state)
  const records: PartitionChangeRecord[] = []
  const seen = new Set<string>()
  const reply = reassignments.map((reassignment): ReassignedPartition => {
    const { topicName, partitionIndex } = reassignment
    const key = `${topicName}/${partitionIndex}`
    const result = seen.has(key)
      ? refused('INVALID_REQUEST', 'The partition was named twice.')
      : reassign(state, reassignment, configs, records)
    seen.add(key)
    return { topicName, partitionIndex, ...result }
  })
  return { records, reply }
}

function reassign(
  state: ControllerState,
  { topicName, partitionIndex, replicas }: Reassignment,
  configs: ElectionConfigs,
  records: PartitionChangeRecord[],
): ItemResult {
  const topic = state.image.topics.byName(topicName)
  const partition = topic?.partitions[partitionIndex]
  if (topic === undefined || partition === undefined) {
    return refused('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
  }
  if (replicas === undefined) return cancel(state, topic, partitionIndex, configs, records)
  const problem = problemWithReplicas(state, replicas)
  if (problem !== undefined) return problem
  const target = targetFor(partition, replicas)
  if (losesAll(partition, target.replicas)) return noSurvivor
  const record = changed(state, topic, partitionIndex, target, configs)
  if (record !== undefined) records.push(record)
  return noError
}

/**
 * The target replicas come first, so that the first of them is the preferred leader already; those
 * to be removed follow. A reassignment under way gives way to the new one: what it had added and
 * the new one does not want is removed like the rest.
 */
function targetFor(partition: PartitionImage, replicas: readonly number[]) {
  const { addingReplicas } = partition
  const original = partition.replicas.filter(id => !addingReplicas.includes(id))
  const removing = original.filter(id => !replicas.includes(id))
  const next = [...replicas, ...removing]
  return {
    replicas: next,
    addingReplicas: replicas.filter(id => !original.includes(id)),
    removingReplicas: removing,
    isr: partition.isr.filter(id => next.includes(id)),
  } satisfies PartitionTarget
}

function cancel(
  state: ControllerState,
  topic: TopicImage,
  partitionIndex: number,
  configs: ElectionConfigs,
  records: PartitionChangeRecord[],
): ItemResult {
  const partition = topic.partitions[partitionIndex]
  if (partition === undefined || !isReassigning(partition)) {
    const message = 'No partition reassignment is in progress.'
    return refused('NO_REASSIGNMENT_IN_PROGRESS', message)
  }
  const { addingReplicas } = partition
  const replicas = partition.replicas.filter(id => !addingReplicas.includes(id))
  if (losesAll(partition, replicas)) return noSurvivor
  const isr = partition.isr.filter(id => replicas.includes(id))
  const target = { replicas, isr, addingReplicas: [], removingReplicas: [] }
  const record = changed(state, topic, partitionIndex, target, configs)
  if (record !== undefined) records.push(record)
  return noError
}

/** Nobody of those that surely hold everything would be left. */
function losesAll(partition: PartitionImage, replicas: readonly number[]): boolean {
  if (replicas.length === 0) return true
  const holders = [...partition.isr, ...partition.elr]
  return holders.length > 0 && !holders.some(id => replicas.includes(id))
}

const noSurvivor = refused(
  'INVALID_REPLICA_ASSIGNMENT',
  'None of the replicas that would stay for now is in sync.',
)

function problemWithReplicas(
  { image }: ControllerState,
  replicas: readonly number[],
): ItemResult | undefined {
  const invalid = (message: string) => refused('INVALID_REPLICA_ASSIGNMENT', message)
  if (replicas.length === 0) return invalid('A partition needs replicas.')
  if (new Set(replicas).size < replicas.length) return invalid(`A broker twice: ${replicas}.`)
  const unknown = replicas.find(id => image.cluster.broker(id) === undefined)
  return unknown === undefined ? undefined : invalid(`Broker ${unknown} is not registered.`)
}

function changed(
  { image }: ControllerState,
  topic: TopicImage,
  partitionIndex: number,
  target: PartitionTarget,
  configs: ElectionConfigs,
): PartitionChangeRecord | undefined {
  const partition = topic.partitions[partitionIndex]
  if (partition === undefined) return undefined
  const config = configs.of(topic.name)
  const election = config.uncleanLeaderElection ? 'unclean' : 'online'
  const mayLead = (id: number) => image.cluster.isActive(id)
  const context = { election, config, mayLead } as const
  return changePartition(topic.id, partitionIndex, partition, target, context)
}
