// What is derived from a log changes with it, and equals what a restart derives.

import { seededTest } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { describeEpochs } from '../replica/index.ts'
import { settled } from '../testing/turns.ts'
import { ReplicaLog } from './replica-log.ts'
import { appendTo, openReplica, topicId } from './testing/replica.ts'

async function opened() {
  const { store, clock } = await openReplica()
  const stored = store.log(`${topicId}-0`)
  const log = new ReplicaLog(stored, clock)
  return { log, rebuilt: () => derived(new ReplicaLog(stored, clock)) }
}

function derived(log: ReplicaLog) {
  return { epochs: describeEpochs(log.epochs), producers: log.producers.producers() }
}

test('the epochs follow an append, a truncation and a restart', async () => {
  const { log } = await opened()
  const epochs = log.epochs
  appendTo(log, 1, { values: ['a', 'b'] })
  appendTo(log, 3)
  expect(epochs.latestEpoch).toBe(3)
  expect(epochs.epochAt(2)).toBe(3)
  await log.truncate(2)
  expect(epochs.latestEpoch).toBe(1)
  await log.restart(100)
  expect(epochs.latestEpoch).toBeUndefined()
  appendTo(log, 4)
  expect(epochs.epochAt(100)).toBe(4)
  // Machines hold on to it.
  expect(log.epochs).toBe(epochs)
})

test('the producers follow a truncation: what was cut off may be sent again', async () => {
  const { log } = await opened()
  const producer = { producerId: 7, producerEpoch: 0 }
  appendTo(log, 1, { ...producer, baseSequence: 0, values: ['a', 'b'] })
  appendTo(log, 1, { ...producer, baseSequence: 2 })
  const next = { ...producer, baseSequence: 2, lastOffsetDelta: 0, isTransactional: false }
  expect(log.producers.check(next)).toMatchObject({ kind: 'duplicate', baseOffset: 2 })
  await log.truncate(2)
  expect(log.producers.check(next)).toEqual({ kind: 'accept' })
  await log.restart(50)
  expect(log.producers.size).toBe(0)
})

test('a truncation that concerns no producer leaves their state as it is', async () => {
  const { log } = await opened()
  const producer = { producerId: 7, producerEpoch: 0 }
  appendTo(log, 1, { ...producer, baseSequence: 0 })
  appendTo(log, 1, { values: ['a', 'b'] })
  const { producers } = log
  await log.truncate(1)
  expect(log.producers).toBe(producers)
  await log.truncate(0)
  expect(log.producers.size).toBe(0)
})

test('control batches and batches without a producer leave no producer behind', async () => {
  const { log } = await opened()
  appendTo(log, 1)
  appendTo(log, 1, { producerId: 7, producerEpoch: 0, baseSequence: -1, isControl: true })
  expect(log.producers.size).toBe(0)
})

test('whoever listens hears of durable ends only', async () => {
  const { log } = await opened()
  const ends: number[] = []
  log.onDurable(end => ends.push(end))
  appendTo(log, 1, { values: ['a', 'b'] })
  expect(log).toMatchObject({ logEndOffset: 2, durableEndOffset: 0 })
  expect(ends).toEqual([])
  await settled()
  expect(ends).toEqual([2])
})

test('the greatest timestamp is found below an offset, and the first of equals', async () => {
  const { log } = await opened()
  appendTo(log, 1, { timestamp: 5 })
  appendTo(log, 1, { timestamp: 9 })
  appendTo(log, 1, { timestamp: 9 })
  appendTo(log, 1, { timestamp: 30 })
  expect(log.batchWithMaxTimestamp(4)?.baseOffset).toBe(3)
  expect(log.batchWithMaxTimestamp(3)?.baseOffset).toBe(1)
  expect(log.batchWithMaxTimestamp(0)).toBeUndefined()
})

seededTest('after any changes a restart derives the same from what is stored', 10, async random => {
  const { log, rebuilt } = await opened()
  let epoch = 1
  const sequences = new Map<number, number>()
  for (let step = 0; step < 60; step++) {
    const what = random.below(10)
    if (what === 0) epoch += 1 + random.below(2)
    else if (what === 1) await log.truncate(random.below(log.logEndOffset + 1))
    else if (what === 2 && random.below(8) === 0) await log.restart(log.logEndOffset + 10)
    else {
      const producerId = random.below(4) - 1
      const baseSequence = producerId < 0 ? -1 : (sequences.get(producerId) ?? 0)
      const values = Array.from({ length: 1 + random.below(3) }, () => 'v')
      if (producerId >= 0) sequences.set(producerId, baseSequence + values.length)
      const producerEpoch = producerId < 0 ? -1 : 0
      appendTo(log, epoch, { values, producerId, producerEpoch, baseSequence })
    }
    expect(derived(log), `step ${step}`).toEqual(rebuilt())
  }
})
