// The heart of both sticky assignors: as even as the subscriptions allow, and every partition stays
// where it is unless evenness needs it elsewhere.

import { assert, present } from '@klamm/base'
import {
  type AssignorInput,
  assignableTopics,
  type GroupAssignment,
  type GroupMember,
  sortedMembers,
} from './assignor.ts'
import { listOf, partitionsOf, type TopicPartition } from './partitions.ts'

/** A member while partitions move. */
interface Hand {
  readonly member: GroupMember
  /** Its place in the order of members: the last word when loads are equal. */
  readonly index: number
  /** Topic → partitions held. */
  readonly held: Map<string, number[]>
  count: number
}

/**
 * Balanced: nobody has two partitions more than somebody else who could take one of them over.
 * Who owns a partition keeps it as far as that allows.
 */
export function balance(input: AssignorInput): GroupAssignment {
  const hands = sortedMembers(input.members).map((member, index): Hand => {
    return { member, index, held: new Map(), count: 0 }
  })
  const topics = assignableTopics(input)
  const subscribers = new Map<string, readonly Hand[]>()
  for (const topic of topics) {
    subscribers.set(
      topic,
      hands.filter(({ member }) => member.topics.includes(topic)),
    )
  }
  const owners = ownersOf(hands, subscribers, input.partitionCounts)
  const homeless: TopicPartition[] = []
  for (const topic of topics) {
    for (let partition = 0; partition < (input.partitionCounts.get(topic) ?? 0); partition++) {
      const owner = owners.get(topic)?.get(partition)
      if (owner === undefined) homeless.push({ topic, partition })
      else give(owner, topic, partition)
    }
  }
  // Those that few can take go first: the others can be put where room is left.
  const choices = ({ topic }: TopicPartition) => subscribers.get(topic)?.length ?? 0
  homeless.sort((a, b) => choices(a) - choices(b))
  for (const { topic, partition } of homeless) {
    give(leastLoaded(subscribers.get(topic) ?? []), topic, partition)
  }
  while (moveOne(hands, subscribers)) {}
  return new Map(hands.map(({ member, held }) => [member.memberId, partitionsOf(entries(held))]))
}

/**
 * Who owns what, as far as it is true: of two that say they own the same, the one of the later
 * generation does; of the same generation, neither. A partition that is gone or that its owner
 * does not subscribe to any more has no owner.
 */
function ownersOf(
  hands: readonly Hand[],
  subscribers: ReadonlyMap<string, readonly Hand[]>,
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, Map<number, Hand>> {
  const claims = new Map<string, Map<number, { hand: Hand | undefined; generationId: number }>>()
  for (const hand of hands) {
    const { owned, generationId } = hand.member
    for (const { topic, partition } of listOf(owned)) {
      const exists = partition < (partitionCounts.get(topic) ?? 0)
      if (!exists || subscribers.get(topic)?.includes(hand) !== true) continue
      const ofTopic = claims.get(topic) ?? new Map()
      claims.set(topic, ofTopic)
      const other = ofTopic.get(partition)
      if (other === undefined || other.generationId < generationId) {
        ofTopic.set(partition, { hand, generationId })
      } else if (other.generationId === generationId) {
        ofTopic.set(partition, { hand: undefined, generationId })
      }
    }
  }
  const owners = new Map<string, Map<number, Hand>>()
  for (const [topic, ofTopic] of claims) {
    const known = new Map<number, Hand>()
    for (const [partition, { hand }] of ofTopic) if (hand !== undefined) known.set(partition, hand)
    owners.set(topic, known)
  }
  return owners
}

/**
 * Moves one partition from a member to one that has at least two less, the most loaded member
 * first. Returns false when there is no such move; each one brings the loads closer, so there is
 * an end.
 */
function moveOne(
  hands: readonly Hand[],
  subscribers: ReadonlyMap<string, readonly Hand[]>,
): boolean {
  const byLoad = [...hands].sort((a, b) => b.count - a.count || b.index - a.index)
  for (const from of byLoad) {
    let best: { readonly topic: string; readonly to: Hand } | undefined
    for (const topic of from.held.keys()) {
      const to = leastLoaded(subscribers.get(topic) ?? [])
      if (from.count - to.count < 2) continue
      if (best === undefined || to.count < best.to.count) best = { topic, to }
    }
    if (best === undefined) continue
    give(best.to, best.topic, take(from, best.topic))
    return true
  }
  return false
}

function leastLoaded(hands: readonly Hand[]): Hand {
  let least: Hand | undefined
  for (const hand of hands) if (least === undefined || hand.count < least.count) least = hand
  return present(least, 'a topic that is assigned has subscribers')
}

function give(hand: Hand, topic: string, partition: number): void {
  const held = hand.held.get(topic)
  if (held === undefined) hand.held.set(topic, [partition])
  else held.push(partition)
  hand.count += 1
}

/** The last partition of the topic: what was given last moves first. */
function take(hand: Hand, topic: string): number {
  const held = hand.held.get(topic)
  const partition = held?.pop()
  assert(held !== undefined && partition !== undefined, 'only what is held can be taken')
  if (held.length === 0) hand.held.delete(topic)
  hand.count -= 1
  return partition
}

function entries(held: ReadonlyMap<string, readonly number[]>): TopicPartition[] {
  const list: TopicPartition[] = []
  for (const [topic, partitions] of held) {
    for (const partition of partitions) list.push({ topic, partition })
  }
  return list
}
