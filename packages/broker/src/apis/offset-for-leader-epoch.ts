// OffsetForLeaderEpoch (23): where a leader epoch ends in the leader's log. From consumers that
// check for truncation (KIP-320), and from followers that cannot read it off a fetch.

import {
  errorCodes,
  OffsetForLeaderEpoch,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
} from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { type Handler, handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'partitions'>
type Question = OffsetForLeaderEpochRequest['topics'][number]['partitions'][number]
type Answer = OffsetForLeaderEpochResponse['topics'][number]['partitions'][number]

export const offsetForLeaderEpoch: Handler<Needs, typeof OffsetForLeaderEpoch> = handler({
  schema: OffsetForLeaderEpoch,
  versions: [2, 4],
  handle: ({ partitions }: Needs, _context, request) =>
    responseFor(request, (topic, question) => answer(partitions, topic, question)),
  refuse: (request, errorCode) =>
    responseFor(request, (_topic, { partition }) => without(partition, errorCode)),
})

function answer(partitions: Needs['partitions'], topic: string, question: Question): Answer {
  const { partition: index, currentLeaderEpoch, leaderEpoch } = question
  const { partition, error } = partitions.find(undefined, topic, index)
  const leader = partition?.leader
  if (partition === undefined) return without(index, errorCodes[error])
  if (leader === undefined) return without(index, errorCodes.NOT_LEADER_OR_FOLLOWER)
  if (currentLeaderEpoch >= 0 && currentLeaderEpoch < leader.leaderEpoch) {
    return without(index, errorCodes.FENCED_LEADER_EPOCH)
  }
  if (currentLeaderEpoch > leader.leaderEpoch) {
    return without(index, errorCodes.UNKNOWN_LEADER_EPOCH)
  }
  // Who knows no epoch must not be told that all it has read is gone.
  const end = leaderEpoch < 0 ? undefined : partition.endOfEpoch(leaderEpoch)
  if (end === undefined) return without(index, errorCodes.NONE)
  return { errorCode: errorCodes.NONE, partition: index, ...end }
}

function without(partition: number, errorCode: number): Answer {
  return { errorCode, partition, leaderEpoch: -1, endOffset: -1 }
}

function responseFor(
  { topics }: OffsetForLeaderEpochRequest,
  each: (topic: string, question: Question) => Answer,
): OffsetForLeaderEpochResponse {
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(question => each(topic, question)),
    })),
  }
}
