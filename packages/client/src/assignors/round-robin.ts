// Round robin: all partitions of all topics are dealt out like cards, each to the next member that
// subscribes to its topic.

import {
  type Assignor,
  type AssignorInput,
  assignableTopics,
  type GroupAssignment,
  sortedMembers,
} from './assignor.ts'
import { partitionsOf, type TopicPartition } from './partitions.ts'

/** As Java's RoundRobinAssignor. */
export const roundRobin: Assignor = { name: 'roundrobin', isCooperative: false, assign }

/** The same under the name of the only assignor that KafkaJS has, to share a group with it. */
export const kafkaJsRoundRobin: Assignor = {
  name: 'RoundRobinAssigner',
  isCooperative: false,
  assign,
}

function assign(input: AssignorInput): GroupAssignment {
  const members = sortedMembers(input.members)
  const dealt = members.map((): TopicPartition[] => [])
  let next = 0
  for (const topic of assignableTopics(input)) {
    const count = input.partitionCounts.get(topic) ?? 0
    for (let partition = 0; partition < count; partition++) {
      // Somebody subscribes, or the topic would not be here.
      while (members[next]?.topics.includes(topic) !== true) next = (next + 1) % members.length
      dealt[next]?.push({ topic, partition })
      next = (next + 1) % members.length
    }
  }
  return new Map(members.map(({ memberId }, index) => [memberId, partitionsOf(dealt[index] ?? [])]))
}
