// Connections of a listener: order, bounds in both directions, and who loses what by garbage.

import { type ByteStream, LocalNetwork, type Network, silentLogger } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { maxRequestsInFlightPerConnection, maxResponseBytesQueuedPerConnection } from '../limits.ts'
import { settled, turns } from '../testing/turns.ts'
import { BrokerListener } from './listener.ts'
import { ids, listening, request } from './testing/listening.ts'
import { frameOf } from './testing/raw-client.ts'

const address = { kind: 'tcp', host: 'here', port: 1 } as const

test('requests are worked on at once, and answered to clients in their order', async () => {
  const { clock, asked, connect } = await listening()
  const client = await connect()
  client.send(request(1), request(2), request(3))
  await turns(clock)
  expect(ids(asked)).toEqual([1, 2, 3])
  asked[2]?.answer([request(3)])
  asked[1]?.answer(undefined)
  await turns(clock)
  expect(client.frames).toEqual([])
  asked[0]?.answer([request(1)])
  await turns(clock)
  expect(client.correlationIds).toEqual([1, 3])
})

test('between brokers a slow answer holds up no other', async () => {
  const { clock, asked, connect } = await listening({ kind: 'peer' })
  const peer = await connect()
  peer.send(request(1), request(2))
  await turns(clock)
  asked[1]?.answer([request(2)])
  await turns(clock)
  expect(peer.correlationIds).toEqual([2])
})

test('one chunk begins no more requests than may be in progress', async () => {
  const { clock, asked, connect } = await listening()
  const client = await connect()
  const limit = maxRequestsInFlightPerConnection
  client.send(...Array.from({ length: limit + 3 }, (_, i) => request(i)))
  client.send(request(9_999))
  await turns(clock)
  expect(asked).toHaveLength(limit)
  asked[0]?.answer(undefined)
  await turns(clock)
  expect(asked).toHaveLength(limit + 1)
  for (const each of [...asked]) each.answer(undefined)
  await turns(clock)
  expect(ids(asked).slice(-4)).toEqual([limit, limit + 1, limit + 2, 9_999])
})

test('a request of another broker is never held up by those before it', async () => {
  const { clock, asked, connect } = await listening({ kind: 'peer' })
  const peer = await connect()
  const count = 3 * maxRequestsInFlightPerConnection
  for (let i = 0; i < count; i++) peer.send(request(i))
  await turns(clock)
  expect(asked).toHaveLength(count)
})

test('who does not read its answers is not read from', async () => {
  const { clock, asked, connect } = await listening()
  const client = await connect()
  client.stream.pause()
  client.send(request(1))
  await turns(clock)
  asked[0]?.answer([frameOf(new Uint8Array(maxResponseBytesQueuedPerConnection))])
  await settled()
  client.send(request(2))
  await turns(clock)
  expect(ids(asked)).toEqual([1])
  client.stream.resume()
  await turns(clock)
  expect(ids(asked)).toEqual([1, 2])
})

test('answers that wait for an earlier one count as answers that are not read', async () => {
  const { clock, asked, connect } = await listening()
  const client = await connect()
  client.send(request(1), request(2))
  await turns(clock)
  asked[1]?.answer([frameOf(new Uint8Array(maxResponseBytesQueuedPerConnection))])
  await settled()
  client.send(request(3))
  await turns(clock)
  expect(ids(asked)).toEqual([1, 2])
  asked[0]?.answer([request(1)])
  await turns(clock)
  expect(ids(asked)).toEqual([1, 2, 3])
})

test('what is no frame closes that connection, and no other', async () => {
  const { clock, listener, asked, connect } = await listening()
  const [good, bad] = [await connect(), await connect()]
  bad.send(request(1), Uint8Array.of(0x47, 0x45, 0x54, 0x20), request(2))
  await turns(clock)
  expect(bad.isClosed).toBe(true)
  expect(ids(asked)).toEqual([1])
  expect(asked[0]?.connection.signal.aborted).toBe(true)
  expect(listener.connectionCount).toBe(1)
  asked[0]?.answer([request(1)])
  good.send(request(3))
  await turns(clock)
  asked[1]?.answer([request(3)])
  await turns(clock)
  expect(good.correlationIds).toEqual([3])
})

test('a request that fails closes its connection, and later answers go nowhere', async () => {
  const { clock, asked, connect } = await listening()
  const client = await connect()
  client.send(request(1), request(2))
  await turns(clock)
  asked[0]?.fail(new Error('no such API'))
  asked[1]?.answer([request(2)])
  await turns(clock)
  expect(client).toMatchObject({ isClosed: true, frames: [] })
})

test('a listener that stops closes its connections', async () => {
  const { clock, listener, asked, connect } = await listening()
  const client = await connect()
  client.send(request(1))
  await turns(clock)
  await listener[Symbol.asyncDispose]()
  await turns(clock)
  expect(asked[0]?.connection.signal.aborted).toBe(true)
  expect(client.isClosed).toBe(true)
  expect(listener.connectionCount).toBe(0)
})

test('a connection that comes when the listener has stopped is not kept', async () => {
  const network = new LocalNetwork(new TestClock())
  let accept: ((stream: ByteStream) => void) | undefined
  const listen: Network['listen'] = (where, onStream) => {
    accept = onStream
    return network.listen(where, onStream)
  }
  const listener = await BrokerListener.open({
    kind: 'client',
    network: { listen, connect: at => network.connect(at) },
    address,
    clock: new TestClock(),
    log: silentLogger,
    answer: () => Promise.resolve(undefined),
    nextConnectionId: () => 1,
    limits: undefined,
    requestMemory: undefined,
    answerMemory: undefined,
  })
  await listener[Symbol.asyncDispose]()
  let isDestroyed = false
  const stream: Partial<ByteStream> = {
    remoteAddress: 'there:1',
    handle() {},
    destroy() {
      isDestroyed = true
    },
  }
  accept?.(stream as ByteStream)
  expect(isDestroyed).toBe(true)
  expect(listener.connectionCount).toBe(0)
})
