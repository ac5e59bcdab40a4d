import { InvariantError } from '@klamm/base'
import { seededTest } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import type { LoggedBatch } from './batch.ts'
import { ProducerStates } from './producer-state.ts'
import { type Entry, seededLog } from './testing/seeded-log.ts'

function states(): ProducerStates {
  return new ProducerStates({ producerIdExpirationMs: 1000 })
}

function apply(producers: ProducerStates, entry: Entry): void {
  if (entry.kind === 'batch') producers.applied(entry.batch, 0)
  else producers.appliedMarker(entry.marker, 0)
}

function applied(log: readonly Entry[]): ProducerStates {
  const producers = states()
  for (const entry of log) apply(producers, entry)
  return producers
}

function verdictOn(producers: ProducerStates, batch: LoggedBatch) {
  return producers.check({ ...batch, lastOffsetDelta: batch.lastOffset - batch.baseOffset })
}

const batch: LoggedBatch = {
  producerId: 7,
  producerEpoch: 0,
  baseSequence: 0,
  baseOffset: 0,
  lastOffset: 1,
  maxTimestamp: 50,
  isTransactional: false,
}

seededTest('every batch of a log is in sequence when it comes', 30, random => {
  const producers = states()
  const known = new Set<number>()
  for (const entry of seededLog(random, 200)) {
    // The first sequence of a producer is not 0 in these logs.
    if (entry.kind === 'batch' && known.has(entry.batch.producerId)) {
      expect(verdictOn(producers, entry.batch)).toEqual({ kind: 'accept' })
    }
    if (entry.kind === 'batch') known.add(entry.batch.producerId)
    apply(producers, entry)
  }
})

seededTest('the last five batches of a producer are recognized, with their offsets', 30, random => {
  const producers = states()
  const history = new Map<number, LoggedBatch[]>()
  for (const entry of seededLog(random, 200)) {
    apply(producers, entry)
    const id = entry.kind === 'batch' ? entry.batch.producerId : entry.marker.producerId
    const last = history.get(id) ?? []
    if (entry.kind === 'batch') last.push(entry.batch)
    history.set(id, last)
    const epoch = producers.producer(id)?.producerEpoch
    for (const sent of last.filter(each => each.producerEpoch === epoch).slice(-5)) {
      const { baseOffset, lastOffset, maxTimestamp: timestamp } = sent
      expect(verdictOn(producers, sent)).toEqual({
        kind: 'duplicate',
        baseOffset,
        lastOffset,
        timestamp,
      })
    }
  }
})

seededTest('the state is the same after a restart from any snapshot', 30, random => {
  const log = seededLog(random, 120)
  const producers = applied(log)
  const at = random.below(log.length)
  const rebuilt = states()
  rebuilt.restore(applied(log.slice(0, at)).snapshot(), 0)
  for (const entry of log.slice(at)) apply(rebuilt, entry)
  expect(rebuilt.equals(producers)).toBe(true)
  expect(rebuilt.snapshot()).toEqual(producers.snapshot())
})

seededTest('the state of a log differs from that of every shorter one', 10, random => {
  const log = seededLog(random, 60)
  const whole = applied(log)
  for (let length = 0; length < log.length; length++) {
    expect(applied(log.slice(0, length)).equals(whole)).toBe(false)
  }
})

test('what is not flushed yet counts: the second batch in flight follows the first', () => {
  const producers = states()
  producers.applied(batch, 0)
  const next = { ...batch, baseSequence: 2, baseOffset: 2, lastOffset: 2 }
  expect(verdictOn(producers, next).kind).toBe('accept')
  expect(verdictOn(producers, { ...next, baseSequence: 3 }).kind).toBe('error')
})

test('checking changes nothing', () => {
  const producers = states()
  verdictOn(producers, batch)
  expect(producers.size).toBe(0)
  expect(producers.endOffset).toBe(0)
})

test('a producer that is not idempotent is not remembered', () => {
  const producers = states()
  const plain = { ...batch, producerId: -1, producerEpoch: -1, baseSequence: -1 }
  expect(verdictOn(producers, plain).kind).toBe('accept')
  producers.applied(plain, 0)
  expect(producers.size).toBe(0)
  expect(producers.endOffset).toBe(2)
})

test('a producer lives by when it was seen, not by what its records say', () => {
  const producers = states()
  producers.applied({ ...batch, maxTimestamp: 5 }, 10_000)
  expect(producers.expire(10_999)).toBe(0)
  expect(producers.expire(11_000)).toBe(1)
})

test('a producer with an open transaction does not expire', () => {
  const producers = states()
  producers.applied({ ...batch, isTransactional: true }, 0)
  expect(producers.expire(5000)).toBe(0)
  producers.appliedMarker(
    {
      producerId: 7,
      producerEpoch: 1,
      coordinatorEpoch: 0,
      isCommit: true,
      offset: 2,
      timestamp: 0,
    },
    0,
  )
  expect(producers.expire(5000)).toBe(1)
})

test('records without sequences belong to the transaction and take no part in the sequence', () => {
  const producers = states()
  producers.applied({ ...batch, baseSequence: -1, isTransactional: true }, 0)
  expect(producers.producer(7)).toMatchObject({ batches: [], currentTxnFirstOffset: 0 })
})

test('a batch is applied once', () => {
  const producers = states()
  producers.applied(batch, 0)
  expect(() => producers.applied(batch, 0)).toThrow(InvariantError)
})
