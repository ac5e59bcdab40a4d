// What a script would tell at too great a length: every error code, the end of the epochs.

import { seededRandom } from '@klamm/base'
import { type ErrorName, errorCodes } from '@klamm/protocol/errors'
import { expect, test } from 'vitest'
import { Accumulator, type BatchAnswer, type LeaderView, type Shipment } from './accumulator.ts'
import { reactionTo } from './reactions.ts'
import { FakeSink } from './testing/accumulator-script.ts'

const leaders: LeaderView = { leaderOf: () => ({ leaderId: 1, leaderEpoch: 0 }) }
const settings = { acks: 'all', compression: 'none' } as const

function accumulator(): Accumulator<FakeSink, string> {
  const made = new Accumulator<FakeSink, string>({
    lingerMs: 0,
    lingersWhenIdle: true,
    batchBytes: 10,
    maxBufferedBytes: 1000,
    maxRequestBytes: 1000,
    maxInFlight: 5,
    random: seededRandom(1),
    retry: { initialMs: 10, maxMs: 100, jitter: 0 },
    sinks: { open: () => new FakeSink(), pick: () => new FakeSink() },
  })
  made.identified({ producerId: 7, producerEpoch: 0 })
  return made
}

function send(to: Accumulator<FakeSink, string>, owner: string): void {
  const queue = to.queue('t', 0)
  const record = { settings, isIdempotent: true, deadlineMs: 1e9 }
  const batch = to.batchFor(queue, 10, record, 0)
  batch.sink.append(10)
  to.written(queue, batch, owner, 0)
}

function only(shipments: readonly Shipment<FakeSink, string>[]): Shipment<FakeSink, string> {
  expect(shipments).toHaveLength(1)
  return shipments[0]!
}

function answer(
  to: Accumulator<FakeSink, string>,
  shipment: Shipment<FakeSink, string>,
  more: Partial<BatchAnswer>,
  nowMs = 0,
): boolean {
  const { queue, batch } = shipment.batches[0]!
  to.shipmentDone(shipment)
  const full: BatchAnswer = {
    error: 'NONE',
    baseOffset: -1,
    logAppendTimeMs: -1,
    recordErrors: [],
    message: undefined,
    ...more,
  }
  return to.answered(queue, batch, full, nowMs)
}

test('after every answer a broker may give, the record is settled once and the next one goes on', () => {
  for (const error of Object.keys(errorCodes) as ErrorName[]) {
    const made = accumulator()
    send(made, 'a')
    send(made, 'b')
    answer(made, only(made.drain(0, leaders, false)), { error })
    made.identified({ producerId: 8, producerEpoch: 0 })
    const told = [...made.takeSettlements()]
    for (let nowMs = 100; !made.isEmpty && nowMs < 2000; nowMs += 100) {
      const shipments = made.drain(nowMs, leaders, false)
      for (const shipment of shipments) answer(made, shipment, { baseOffset: 0 }, nowMs)
      told.push(...made.takeSettlements())
    }
    const kinds = told.map(({ batch, outcome }) => [batch.owners[0], outcome.kind])
    const reaction = reactionTo(error)
    const isStored = ['stored', 'retry', 'outOfSequence'].includes(reaction)
    expect([error, ...kinds]).toEqual([
      error,
      ['a', isStored ? 'stored' : 'failed'],
      ['b', 'stored'],
    ])
    expect([error, made.bufferedBytes]).toEqual([error, 0])
  }
})

test('what is refused for the leader’s sake makes the metadata stale, what is not does not', () => {
  const stale = (Object.keys(errorCodes) as ErrorName[]).filter(error => {
    const made = accumulator()
    send(made, 'a')
    return answer(made, only(made.drain(0, leaders, false)), { error })
  })
  expect(stale).toContain('NOT_LEADER_OR_FOLLOWER')
  expect(stale).toContain('UNKNOWN_TOPIC_OR_PARTITION')
  expect(stale).toContain('FENCED_LEADER_EPOCH')
  expect(stale).not.toContain('NOT_ENOUGH_REPLICAS')
  expect(stale).not.toContain('REQUEST_TIMED_OUT')
  expect(stale).not.toContain('NONE')
})

test('when the epochs of a producer id are used up, another id is asked for', () => {
  const made = accumulator()
  made.identified({ producerId: 7, producerEpoch: 32_760 })
  for (let gap = 32_760; gap < 32_767; gap++) {
    send(made, 'a')
    const shipment = only(made.drain(0, leaders, false))
    expect(shipment.batches[0]!.batch.identity!.producerEpoch).toBe(gap)
    answer(made, shipment, { error: 'INVALID_RECORD' })
  }
  send(made, 'b')
  answer(made, only(made.drain(0, leaders, false)), { error: 'INVALID_RECORD' })
  send(made, 'c')
  expect(made.drain(0, leaders, false)).toEqual([])
  made.drain(0, leaders, false)
  expect(made.wantsIdentity).toBe(true)
  made.identified({ producerId: 8, producerEpoch: 0 })
  const shipment = only(made.drain(0, leaders, false))
  expect(shipment.batches[0]!.batch).toMatchObject({
    identity: { producerId: 8, producerEpoch: 0 },
    baseSequence: 0,
  })
})
