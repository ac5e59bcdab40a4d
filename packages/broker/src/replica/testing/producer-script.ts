// Script commands about the idempotent producers of a partition.
//
//   producers [expiration=1000]
//   check id=1 epoch=0 seq=0-4 [txn] [unverified]
//   log id=1 epoch=0 seq=0-4 at=10 [time=5] [txn]     it is in the log, from offset 10 on
//   check-marker id=1 epoch=0 coordinator=1 version=2    marker id=1 epoch=0 commit|abort at=15
//   expire time=2000    cut to=10    producers?

import { describeProducers, describeVerdict } from '../describe.ts'
import { ProducerStates } from '../producer-state.ts'
import { type Command, needed, type ScriptState } from './script-state.ts'

/** Undefined: not a command about producers. */
export function producerCommand(line: Command, state: ScriptState): readonly string[] | undefined {
  if (line.name === 'producers') {
    state.producers = new ProducerStates({
      producerIdExpirationMs: line.number('expiration', 1000),
    })
    return []
  }
  const input = inputs[line.name]
  return input?.(needed(state.producers, 'producers'), line)
}

type Input = (producers: ProducerStates, line: Command) => readonly string[]

const inputs: Readonly<Record<string, Input | undefined>> = {
  check(producers, line) {
    const verification = line.has('unverified') ? 'unverified' : 'verified'
    const verdict = producers.check({ ...batchOf(line) }, verification)
    return [describeVerdict(verdict)]
  },
  log(producers, line) {
    const { lastOffsetDelta, ...batch } = batchOf(line)
    const baseOffset = line.number('at')
    const maxTimestamp = line.number('time', 0)
    const lastOffset = baseOffset + lastOffsetDelta
    producers.applied({ ...batch, baseOffset, lastOffset, maxTimestamp }, maxTimestamp)
    return []
  },
  'check-marker': (producers, line) => [
    producers.checkMarker(markerOf(line), line.number('version', 2) === 1 ? 1 : 2),
  ],
  marker(producers, line) {
    const timestamp = line.number('time', 0)
    producers.appliedMarker({ ...markerOf(line), offset: line.number('at'), timestamp }, timestamp)
    return []
  },
  expire: (producers, line) => [`${producers.expire(line.number('time'))} expired`],
  cut: (producers, line) => [producers.truncate(line.number('to')) ? 'kept' : 'rebuild'],
  'producers?': producers => [describeProducers(producers)],
}

function batchOf(line: Command) {
  const [first = 0, last = first] = line.string('seq').split('-').map(Number)
  // Sequences start again at 0 after the greatest one.
  const count = last >= first ? last - first : last + 0x80000000 - first
  return {
    producerId: line.number('id'),
    producerEpoch: line.number('epoch', 0),
    baseSequence: first,
    lastOffsetDelta: count,
    isTransactional: line.has('txn'),
  }
}

function markerOf(line: Command) {
  return {
    producerId: line.number('id'),
    producerEpoch: line.number('epoch', 0),
    coordinatorEpoch: line.number('coordinator', 0),
    isCommit: line.has('commit'),
  }
}
