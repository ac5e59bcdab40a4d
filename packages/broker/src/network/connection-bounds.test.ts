// What connections of a listener may hold together, how many there may be, and when one that is of
// no use is closed.

import { TestClock } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { freeRequestBytesPerConnection } from '../limits.ts'
import { settled, turns } from '../testing/turns.ts'
import { AnswerMemory } from './answer-memory.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { idleCheckMs } from './listener.ts'
import { RequestMemory } from './request-memory.ts'
import { ids, listening, request } from './testing/listening.ts'
import { frameOf } from './testing/raw-client.ts'

const mib = 1024 * 1024
const minute = 60_000

const limits: ConnectionLimits = {
  idle: { maxIdleMs: 10 * minute, firstRequestMs: minute / 2, stalledMs: 10_000 },
  maxConnections: 100,
  maxConnectionsPerIp: 100,
  overrides: new Map(),
}

function withLimits(some: Partial<ConnectionLimits> = {}) {
  return listening({ limits: () => ({ ...limits, ...some }) })
}

async function withRequestMemory(limitBytes: number) {
  const clock = new TestClock()
  const memory = new RequestMemory({ limitBytes, clock })
  return { memory, ...(await listening({ requestMemory: memory, limits: () => limits }, clock)) }
}

async function withAnswerMemory(limitBytes: number) {
  const clock = new TestClock()
  const memory = new AnswerMemory(limitBytes, clock)
  return { memory, ...(await listening({ answerMemory: memory, limits: () => limits }, clock)) }
}

test('when requests take all the memory, no more of large ones is read until some end', async () => {
  const { memory, clock, asked, connect } = await withRequestMemory(4 * mib)
  const [one, two, small] = [await connect(), await connect(), await connect()]
  one.send(request(1, 4 * mib))
  await turns(clock)
  two.send(request(2, mib).subarray(0, mib / 2))
  await turns(clock)
  two.send(request(2, mib).subarray(mib / 2), request(22, mib).subarray(0, mib / 2))
  await turns(clock)
  two.send(request(22, mib).subarray(mib / 2))
  await turns(clock)
  // One frame comes through beyond the limit, the next one waits for its end.
  expect(ids(asked)).toEqual([1, 2])
  small.send(request(3))
  await turns(clock)
  expect(ids(asked)).toEqual([1, 2, 3])
  asked[0]?.answer(undefined)
  await turns(clock)
  expect(ids(asked)).toEqual([1, 2, 3, 22])
  for (const each of asked) each.answer(undefined)
  await turns(clock)
  expect(memory.takenBytes).toBe(0)
})

test('a connection that closes gives back its half frame at once, the rest as it ends', async () => {
  const { memory, clock, asked, connect } = await withRequestMemory(4 * mib)
  const client = await connect()
  client.send(request(1, mib), request(2, mib).subarray(0, 1000))
  await turns(clock)
  expect(memory.takenBytes).toBe(mib + 996)
  client.stream.destroy()
  await turns(clock)
  expect(memory.takenBytes).toBe(mib)
  asked[0]?.answer(undefined)
  await settled()
  expect(memory.takenBytes).toBe(0)
})

test('a request that fails gives its bytes back', async () => {
  const { memory, clock, asked, connect } = await withRequestMemory(4 * mib)
  const client = await connect()
  client.send(request(1, mib))
  await turns(clock)
  asked[0]?.fail(new Error('no such API'))
  await turns(clock)
  expect([memory.takenBytes, client.isClosed]).toEqual([0, true])
})

test('whoever holds up others with half a request is closed', async () => {
  const { clock, asked, connect } = await withRequestMemory(4 * mib)
  const [slow, other] = [await connect(), await connect()]
  slow.send(request(1, 50 * mib).subarray(0, 4 * mib + 4))
  other.send(request(2, mib).subarray(0, mib / 2))
  await turns(clock)
  other.send(request(2, mib).subarray(mib / 2))
  await turns(clock)
  expect(ids(asked)).toEqual([])
  clock.advance(2_000)
  await turns(clock)
  expect(slow.isClosed).toBe(true)
  expect(ids(asked)).toEqual([2])
})

test('answers that are not taken are counted, and are not when they are', async () => {
  const { memory, clock, asked, connect } = await withAnswerMemory(8 * mib)
  const client = await connect()
  client.stream.pause()
  client.send(request(1), request(2))
  await turns(clock)
  asked[1]?.answer([frameOf(new Uint8Array(2 * mib))])
  await settled()
  expect(memory.takenBytes).toBe(2 * mib + 4)
  asked[0]?.answer([frameOf(new Uint8Array(mib))])
  await settled()
  expect(memory.takenBytes).toBe(3 * mib + 8)
  client.stream.resume()
  await turns(clock)
  expect(memory.takenBytes).toBe(0)
})

test('answers of a connection that is gone are not counted', async () => {
  const { memory, clock, asked, connect } = await withAnswerMemory(8 * mib)
  const client = await connect()
  client.stream.pause()
  client.send(request(1), request(2), request(3))
  await turns(clock)
  asked[0]?.answer([frameOf(new Uint8Array(2 * mib))])
  asked[2]?.answer([frameOf(new Uint8Array(2 * mib))])
  await settled()
  expect(memory.takenBytes).toBe(4 * mib + 8)
  client.stream.destroy()
  await turns(clock)
  expect(memory.takenBytes).toBe(0)
  asked[1]?.answer([frameOf(new Uint8Array(2 * mib))])
  await settled()
  expect(memory.takenBytes).toBe(0)
})

test('who takes no answers is closed when others need the memory, not before', async () => {
  const { memory, clock, asked, connect } = await withAnswerMemory(4 * mib)
  const stuck = await connect()
  stuck.stream.pause()
  stuck.send(request(1))
  await turns(clock)
  asked[0]?.answer([frameOf(new Uint8Array(3 * mib))])
  await settled()
  clock.advance(minute)
  await turns(clock)
  expect(stuck.isClosed).toBe(false)
  const reads = await connect()
  reads.stream.pause()
  reads.send(request(2))
  await turns(clock)
  asked[1]?.answer([frameOf(new Uint8Array(3 * mib))])
  await settled()
  expect(memory.isShort).toBe(true)
  clock.advance(idleCheckMs)
  await turns(clock)
  expect([stuck.isClosed, reads.isClosed]).toEqual([true, false])
  reads.stream.resume()
  await turns(clock)
  expect(memory.takenBytes).toBe(0)
})

test('who never asks for anything is closed, also when it sends a byte now and then', async () => {
  const { clock, connect } = await withLimits()
  const [silent, drips, asks] = [await connect(), await connect(), await connect()]
  asks.send(request(1))
  for (let i = 0; i < 35; i++) {
    drips.send(Uint8Array.of(1))
    clock.advance(1_000)
    await turns(clock, 2)
  }
  expect([silent.isClosed, drips.isClosed, asks.isClosed]).toEqual([true, true, false])
})

test('a connection is idle when nothing was asked and nothing answered for long', async () => {
  const { clock, asked, connect } = await withLimits()
  const [idle, used, waits] = [await connect(), await connect(), await connect()]
  for (const client of [idle, used, waits]) client.send(request(1))
  await turns(clock)
  asked[0]?.answer([request(1)])
  asked[1]?.answer([request(1)])
  for (let i = 0; i < 11; i++) {
    clock.advance(minute)
    await turns(clock, 2)
    used.send(request(2))
    idle.send(Uint8Array.of(1))
    await turns(clock)
    asked.at(-1)?.answer([request(2)])
  }
  // A long poll is waited for by the client: it is in use.
  expect([idle.isClosed, used.isClosed, waits.isClosed]).toEqual([true, false, false])
})

test('a large request on a slow line is no idleness', async () => {
  const { clock, asked, connect } = await withLimits()
  const client = await connect()
  client.send(request(1))
  await turns(clock)
  asked[0]?.answer([request(1)])
  const large = request(2, 20 * freeRequestBytesPerConnection)
  const part = freeRequestBytesPerConnection
  for (let at = 0; at < large.length; at += part) {
    client.send(large.subarray(at, at + part))
    await turns(clock, 3)
    clock.advance(minute)
  }
  await turns(clock)
  expect(client.isClosed).toBe(false)
  expect(ids(asked)).toEqual([1, 2])
})

test('connections beyond the number are refused, and are not when others have gone', async () => {
  const { clock, listener, connect } = await withLimits({ maxConnectionsPerIp: 2 })
  const [one, two, three] = [await connect(), await connect(), await connect()]
  await turns(clock)
  expect([one.isClosed, two.isClosed, three.isClosed]).toEqual([false, false, true])
  one.stream.destroy()
  await turns(clock)
  const four = await connect()
  await turns(clock)
  expect([four.isClosed, listener.connectionCount]).toEqual([false, 2])
})

test('when no connection is left, no timer is', async () => {
  const { clock, connect } = await withLimits()
  const client = await connect()
  client.stream.destroy()
  await turns(clock)
  clock.advance(idleCheckMs)
  expect(clock.pendingTimers).toBe(0)
})
