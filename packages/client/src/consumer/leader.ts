// What the leader of a group does: reads what the members subscribe to, looks up what there is, and
// runs the assignor that the group agreed on.

import {
  DecodeError,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '@klamm/protocol'
import type { Assignor, GroupMember } from '../assignors/assignor.ts'
import { noPartitions, type Partitions, partitionsOf } from '../assignors/partitions.ts'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import type { JoinedMember, MemberAssignment } from '../membership/effects.ts'

export interface Assigned {
  readonly assignments: readonly MemberAssignment[]
  /** Every topic that somebody subscribes to → its number of partitions; 0: it does not exist. */
  readonly partitionCounts: ReadonlyMap<string, number>
}

/**
 * Metadata is asked for anew: a topic that was created since, or grew, is taken into account. With
 * no broker to ask, what is known has to do.
 */
export async function assignGroup(
  core: ClientCore,
  assignor: Assignor,
  joined: readonly JoinedMember[],
  signal: AbortSignal,
): Promise<Assigned> {
  const members = joined.map(each => memberOf(core, each))
  const topics = new Set(members.flatMap(member => member.topics))
  const partitionCounts = await countPartitions(core, topics, signal)
  const existing = new Map([...partitionCounts].filter(([, count]) => count > 0))
  const assignment = assignor.assign({ members, partitionCounts: existing })
  const assignments = joined.map(({ memberId }) => {
    const partitions = assignment.get(memberId) ?? noPartitions
    return { memberId, assignment: encodePartitions(partitions) }
  })
  return { assignments, partitionCounts }
}

async function countPartitions(
  core: ClientCore,
  topics: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>([...topics].map(topic => [topic, 0]))
  try {
    for (const { name, partitions } of await core.metadata.topics(topics, { signal })) {
      counts.set(name, partitions.length)
    }
  } catch (error) {
    if (!KafkaError.is(error) || !error.retriable) throw error
    core.env.log.warn('the leader assigns by metadata that may be old', { error })
    for (const topic of topics) {
      counts.set(topic, core.metadata.cached(topic)?.partitions.length ?? 0)
    }
  }
  return counts
}

/** A member whose subscription cannot be read gets nothing; it speaks another protocol. */
function memberOf(core: ClientCore, { memberId, groupInstanceId, metadata }: JoinedMember) {
  try {
    const subscription = decodeSubscription(metadata)
    const { topics, userData, ownedPartitions, generationId, rackId } = subscription
    return {
      memberId,
      groupInstanceId,
      topics,
      owned: partitionsFrom(ownedPartitions),
      generationId,
      rackId: rackId ?? undefined,
      userData: userData ?? undefined,
    } satisfies GroupMember
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    core.env.log.warn('the subscription of a member cannot be read', { memberId, error })
    const nothing = { owned: noPartitions, generationId: -1 }
    const unknown = { rackId: undefined, userData: undefined }
    return { memberId, groupInstanceId, topics: [], ...nothing, ...unknown } satisfies GroupMember
  }
}

/** What a member owns, and since which generation. */
export interface Ownership {
  readonly owned: Partitions
  readonly generationId: number
}

/**
 * What a member says when it joins, for one of its assignors. `now` is what it owns still; `last`
 * what it owned last, which is what an eager assignor that is sticky wants to know.
 */
export function subscriptionFor(
  assignor: Assignor,
  topics: Iterable<string>,
  now: Ownership,
  last: Ownership,
  rackId: string | undefined,
): Uint8Array {
  const told = assignor.isCooperative ? now : last
  return encodeSubscription({
    topics: [...topics].sort(),
    userData: assignor.userData?.(told.owned, told.generationId) ?? null,
    ownedPartitions: assignor.isCooperative ? topicsOf(now.owned) : [],
    generationId: now.generationId,
    rackId: rackId ?? null,
  })
}

/** What the leader assigned. Nothing at all, from some leaders, when that is what there is. */
export function assignedPartitions(bytes: Uint8Array): Partitions {
  if (bytes.length === 0) return noPartitions
  return partitionsFrom(decodeAssignment(bytes).assignedPartitions)
}

function encodePartitions(partitions: Partitions): Uint8Array {
  return encodeAssignment({ assignedPartitions: topicsOf(partitions), userData: null })
}

interface TopicWithPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

function topicsOf(partitions: Partitions): TopicWithPartitions[] {
  return [...partitions].map(([topic, numbers]) => ({ topic, partitions: numbers }))
}

function partitionsFrom(topics: readonly TopicWithPartitions[]): Partitions {
  return partitionsOf(
    topics.flatMap(({ topic, partitions }) => partitions.map(partition => ({ topic, partition }))),
  )
}
