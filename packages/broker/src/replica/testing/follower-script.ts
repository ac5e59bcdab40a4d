// Script commands about a follower.
//
//   follower epoch=6 end=12 [hw= durable= start= epochs= before=] [loss]
//   next                                   what it asks
//   answer [hw= start=] [diverging=5@10] [error=] [batches=(12-13/6,14-14/6)]  to the last question
//   appended end=14    durable end=14    truncated end=10    restarted at=20    follower?

import { assert } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import { describeFollower, describeFollowerAction, describeFollowerEffect } from '../describe.ts'
import {
  type FetchedPartition,
  PartitionFollower,
  type ReplicatedBatch,
} from '../partition-follower.ts'
import { type Command, epochsOf, needed, pairs, type ScriptState } from './script-state.ts'

/** Undefined: not a command about followers. */
export function followerCommand(line: Command, state: ScriptState): readonly string[] | undefined {
  if (line.name === 'follower') {
    state.follower = newFollower(line, state)
    return []
  }
  const input = inputs[line.name]
  if (input === undefined) return undefined
  const follower = needed(state.follower, 'follower')
  const output = input(follower, line, state)
  const effects = follower.takeEffects()
  for (const effect of effects) {
    if (effect.kind === 'logStartAdvanced') {
      state.epochs.truncateFromStart(effect.logStartOffset, follower.logEndOffset)
    }
  }
  return [...output, ...effects.map(describeFollowerEffect)]
}

type Input = (follower: PartitionFollower, line: Command, state: ScriptState) => readonly string[]

const inputs: Readonly<Record<string, Input | undefined>> = {
  next(follower, _line, state) {
    state.fetch = follower.nextFetch()
    if (state.fetch === undefined) return ['nothing']
    const { fetchOffset, lastFetchedEpoch, currentLeaderEpoch } = state.fetch
    return [`fetch ${fetchOffset} last=${lastFetchedEpoch} in ${currentLeaderEpoch}`]
  },
  answer(follower, line, state) {
    const answer = answerOf(line)
    const action = follower.fetched(needed(state.fetch, 'fetch'), answer)
    if (action.kind === 'append') {
      for (const batch of answer.batches.slice(0, action.batchCount)) {
        state.epochs.assign(batch.partitionLeaderEpoch, batch.baseOffset)
      }
    }
    return [describeFollowerAction(action)]
  },
  appended(follower, line) {
    follower.appended(line.number('end'))
    return []
  },
  durable(follower, line) {
    follower.durable(line.number('end'))
    return []
  },
  truncated(follower, line, state) {
    state.epochs.truncateFromEnd(line.number('end'))
    follower.truncated(line.number('end'))
    return []
  },
  restarted(follower, line, state) {
    state.epochs.clear()
    follower.restarted(line.number('at'))
    return []
  },
  'follower?': follower => [describeFollower(follower)],
}

function newFollower(line: Command, state: ScriptState): PartitionFollower {
  const logEndOffset = line.number('end')
  const epochs = epochsOf(line)
  state.epochs = epochs
  return new PartitionFollower({
    leaderEpoch: line.number('epoch'),
    offsets: {
      logStartOffset: line.number('start', 0),
      highWatermark: line.number('hw', 0),
      durableEndOffset: line.number('durable', logEndOffset),
      logEndOffset,
    },
    epochs,
    lossIsAccepted: line.has('loss'),
  })
}

function answerOf(line: Command): FetchedPartition {
  const [diverging] = pairs(line, 'diverging')
  return {
    error: line.string('error', 'NONE') as ErrorName,
    highWatermark: line.number('hw', -1),
    logStartOffset: line.number('start', -1),
    divergingEpoch:
      diverging === undefined ? undefined : { leaderEpoch: diverging[0], endOffset: diverging[1] },
    batches: line.list('batches', []).map(batchOf),
  }
}

/** `12-13/6`: first and last offset, leader epoch. */
function batchOf(text: string): ReplicatedBatch {
  const match = /^(\d+)-(\d+)\/(\d+)$/.exec(text)
  assert(match !== null, 'a batch is first-last/epoch', () => text)
  const [baseOffset = 0, lastOffset = 0, partitionLeaderEpoch = 0] = match.slice(1).map(Number)
  return { baseOffset, lastOffsetDelta: lastOffset - baseOffset, partitionLeaderEpoch }
}
