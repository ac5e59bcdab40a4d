// Range: topic by topic, each member gets a run of neighbouring partitions. Topics with as many
// partitions are split alike, so that records with the same key of two topics meet in one member.

import {
  type Assignor,
  type AssignorInput,
  assignableTopics,
  type GroupAssignment,
  sortedMembers,
} from './assignor.ts'
import type { Partitions } from './partitions.ts'

/** As Java's RangeAssignor, racks left aside. */
export const range: Assignor = { name: 'range', isCooperative: false, assign }

function assign(input: AssignorInput): GroupAssignment {
  const members = sortedMembers(input.members)
  const assignment = new Map<string, Map<string, readonly number[]>>()
  for (const { memberId } of members) assignment.set(memberId, new Map())
  for (const topic of assignableTopics(input)) {
    const subscribers = members.filter(({ topics }) => topics.includes(topic))
    const count = input.partitionCounts.get(topic) ?? 0
    const each = Math.floor(count / subscribers.length)
    const extra = count % subscribers.length
    let next = 0
    subscribers.forEach(({ memberId }, index) => {
      const share = each + (index < extra ? 1 : 0)
      if (share > 0) assignment.get(memberId)?.set(topic, sequence(next, share))
      next += share
    })
  }
  return assignment satisfies ReadonlyMap<string, Partitions>
}

function sequence(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index)
}
