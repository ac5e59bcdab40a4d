// What an assignor is: given who is in the group and what partitions there are, it says who gets
// what. Run by the leader of the group only; all members must have one of the same name.

import { compareText, type Partitions } from './partitions.ts'

/** A member as its subscription tells it. */
export interface GroupMember {
  readonly memberId: string
  /** Set by a static member. */
  readonly groupInstanceId: string | undefined
  readonly topics: readonly string[]
  /** What it has and wants to keep; empty from members that give up everything first. */
  readonly owned: Partitions
  /** In which it got them; -1 when it does not say. */
  readonly generationId: number
  readonly rackId: string | undefined
  /** Whatever the assignor of the member put there; perhaps another program's. */
  readonly userData: Uint8Array | undefined
}

export interface AssignorInput {
  readonly members: readonly GroupMember[]
  /** Topic → number of its partitions; a topic that does not exist is missing. */
  readonly partitionCounts: ReadonlyMap<string, number>
}

/** Member id → its partitions. Every member is in it, if only with nothing. */
export type GroupAssignment = ReadonlyMap<string, Partitions>

export interface Assignor {
  /** What the members of a group agree on: `range`. */
  readonly name: string
  /**
   * Whether members may keep what they own while they join again (KIP-429): then a partition must
   * never be given to somebody while another one still says that it owns it.
   */
  readonly isCooperative: boolean
  assign(input: AssignorInput): GroupAssignment
  /** What a member tells the leader besides its topics. */
  userData?(owned: Partitions, generationId: number): Uint8Array
}

/** In the order that assignors hand out in: static members by instance, then by member id. */
export function sortedMembers(members: readonly GroupMember[]): GroupMember[] {
  return [...members].sort((a, b) => {
    const [left, right] = [a.groupInstanceId, b.groupInstanceId]
    if (left !== undefined && right !== undefined) return compareText(left, right)
    if (left !== undefined) return -1
    if (right !== undefined) return 1
    return compareText(a.memberId, b.memberId)
  })
}

/** Topics that somebody subscribes to and that exist, in ascending order. */
export function assignableTopics({ members, partitionCounts }: AssignorInput): string[] {
  const topics = new Set<string>()
  for (const { topics: subscribed } of members) {
    for (const topic of subscribed) if ((partitionCounts.get(topic) ?? 0) > 0) topics.add(topic)
  }
  return [...topics].sort(compareText)
}
