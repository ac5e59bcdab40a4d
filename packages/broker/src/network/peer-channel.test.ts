// Requests to one other broker: matched, lost together, made anew, given up.

import { concatBytes } from '@klamm/base'
import { type ByteStream, LocalNetwork, type Network, silentLogger } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import {
  ApiVersions,
  encodeResponse,
  FrameReader,
  Heartbeat,
  peekRequestHeader,
} from '@klamm/protocol'
import { expect, test } from 'vitest'
import { apiVersionsAnswer } from '../apis/api-versions.ts'
import { maxPeerBytesQueued, peerConnectTimeoutMs, peerDeadMs, peerSilenceMs } from '../limits.ts'
import { settled, turns } from '../testing/turns.ts'
import { PeerChannel } from './peer-channel.ts'

const address = { kind: 'peer', brokerId: 2 } as const
const body = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }
const never = new AbortController().signal

const noApis = apiVersionsAnswer(0, [])

/** Broker 2, which answers when the test says so. */
class OtherBroker {
  readonly streams: ByteStream[] = []
  readonly correlationIds: number[] = []
  /** Of the requests that only ask whether it is there. */
  readonly pings: number[] = []

  accept(stream: ByteStream): void {
    const frames = new FrameReader()
    this.streams.push(stream)
    stream.handle({
      onData: chunk => {
        frames.push(chunk)
        for (let frame = frames.next(); frame; frame = frames.next()) {
          const { apiKey, correlationId } = peekRequestHeader(frame)
          if (apiKey === ApiVersions.key) this.pings.push(correlationId)
          else this.correlationIds.push(correlationId)
        }
      },
      onClose() {},
    })
  }

  answerPing(): void {
    const correlationId = this.pings.at(-1) ?? 0
    this.streams.at(-1)?.write(encodeResponse(ApiVersions, 0, correlationId, noApis))
  }

  answer(correlationId: number, errorCode: number): void {
    const response = { throttleTimeMs: 0, errorCode }
    this.streams.at(-1)?.write(encodeResponse(Heartbeat, 4, correlationId, response))
  }
}

async function channelTo(network?: Network) {
  const lost: number[] = []
  const clock = new TestClock()
  const local = new LocalNetwork(clock)
  const other = new OtherBroker()
  const listen = () => local.listen(address, stream => other.accept(stream))
  const options = { brokerId: 2, clock, log: silentLogger, clientId: 'broker-1' }
  const onLost = (brokerId: number) => lost.push(brokerId)
  const channel = new PeerChannel({ ...options, onLost, network: network ?? local })
  const ask = (signal = never) => channel.request(Heartbeat, 4, body, signal)
  return { clock, listen, other, channel, ask, lost }
}

function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    value => value,
    (error: Error) => error,
  )
}

test('answers find their requests in whatever order they come', async () => {
  const { clock, listen, other, ask } = await channelTo()
  await listen()
  const [first, second] = [ask(), ask()]
  await turns(clock)
  expect(other.streams).toHaveLength(1)
  const [one = 0, two = 0] = other.correlationIds
  expect(one).not.toBe(two)
  other.answer(two, 22)
  other.answer(one, 11)
  await turns(clock)
  expect(await Promise.all([first, second])).toMatchObject([{ errorCode: 11 }, { errorCode: 22 }])
})

test('a broker that is not there refuses, and is found once it is', async () => {
  const { clock, listen, other, ask } = await channelTo()
  const refused = outcome(ask())
  await turns(clock)
  expect(await refused).toMatchObject({ name: 'NetworkError', code: 'refused' })
  await listen()
  const found = ask()
  await turns(clock)
  other.answer(other.correlationIds[0] ?? 0, 5)
  await turns(clock)
  expect(await found).toMatchObject({ errorCode: 5 })
})

test('a lost connection fails all that wait, and the next request makes another', async () => {
  const { clock, listen, other, ask } = await channelTo()
  await listen()
  const lost = [outcome(ask()), outcome(ask())]
  await turns(clock)
  other.streams[0]?.destroy()
  await turns(clock)
  for (const each of await Promise.all(lost)) expect(each).toMatchObject({ code: 'closed' })
  const again = ask()
  await turns(clock)
  expect(other.streams).toHaveLength(2)
  // Ids are not used again: an answer to an earlier request can be taken for no other.
  expect(new Set(other.correlationIds).size).toBe(3)
  other.answer(other.correlationIds[2] ?? 0, 3)
  await turns(clock)
  expect(await again).toMatchObject({ errorCode: 3 })
})

test('the loss of a connection is told, and whether the broker is there shows afterwards', async () => {
  const { clock, listen, other, channel, lost } = await channelTo()
  const listener = await listen()
  const connected = channel.connected()
  await turns(clock)
  await connected
  await channel.connected()
  expect([other.streams.length, lost]).toEqual([1, []])
  other.streams[0]?.destroy()
  await turns(clock)
  expect(lost).toEqual([2])
  const again = channel.connected()
  await turns(clock)
  await again
  expect(other.streams).toHaveLength(2)
  await listener.close()
  other.streams[1]?.destroy()
  await turns(clock)
  const refused = outcome(channel.connected())
  await turns(clock)
  expect(await refused).toMatchObject({ code: 'refused' })
  expect(lost).toEqual([2, 2])
})

test('a connection that this broker closes itself is not lost', async () => {
  const { clock, listen, channel, lost } = await channelTo()
  await listen()
  const connected = channel.connected()
  await turns(clock)
  await connected
  await channel[Symbol.asyncDispose]()
  await turns(clock)
  expect(lost).toEqual([])
})

test('who gives up hears so at once; the answer comes to nobody, the listener is gone', async () => {
  const { clock, listen, other, ask } = await channelTo()
  await listen()
  const abort = new AbortController()
  const [given, kept] = [outcome(ask(abort.signal)), ask()]
  await turns(clock)
  abort.abort(new Error('enough'))
  expect(await given).toMatchObject({ message: 'enough' })
  for (const [i, id] of other.correlationIds.entries()) other.answer(id, i)
  await turns(clock)
  expect(await kept).toMatchObject({ errorCode: 1 })
})

test('giving up does not wait for a connection that hangs', async () => {
  const clock = new TestClock()
  const hanging: Network = {
    listen: () => Promise.reject(new Error('not here')),
    connect: (_address, signal) => clock.sleep(1e9, signal).then(() => Promise.reject(new Error())),
  }
  const { ask } = await channelTo(hanging)
  const abort = new AbortController()
  const given = outcome(ask(abort.signal))
  await settled()
  abort.abort(new Error('enough'))
  expect(await given).toMatchObject({ message: 'enough' })
})

test('connecting takes no longer than its time', async () => {
  const clock = new TestClock()
  const network: Network = {
    listen: () => Promise.reject(new Error('not here')),
    connect: (_address, signal) => clock.sleep(1e9, signal).then(() => Promise.reject(new Error())),
  }
  const channel = new PeerChannel({
    brokerId: 2,
    network,
    clock,
    log: silentLogger,
    clientId: 'broker-1',
  })
  const failed = outcome(channel.request(Heartbeat, 4, body, never))
  await settled()
  clock.advance(peerConnectTimeoutMs)
  expect(await failed).toMatchObject({ name: 'NetworkError', code: 'timeout' })
})

test.each([
  ['a frame too short for a header', Uint8Array.of(0, 0, 0, 2, 1, 2)],
  ['a length that is none', Uint8Array.of(0xff, 0xff, 0xff, 0xff)],
  ['an answer cut off', Uint8Array.of(0, 0, 0, 6, 0, 0, 0, 1, 0, 0)],
])('%s is a lost connection', async (_what, bytes) => {
  const { clock, listen, other, ask } = await channelTo()
  await listen()
  const failed = [outcome(ask()), outcome(ask())]
  await turns(clock)
  other.streams[0]?.write([bytes])
  await turns(clock)
  for (const each of await Promise.all(failed)) expect(each).toMatchObject({ code: 'closed' })
  const again = outcome(ask())
  await turns(clock)
  expect(other.streams).toHaveLength(2)
  other.answer(other.correlationIds.at(-1) ?? 0, 0)
  await turns(clock)
  expect(await again).toMatchObject({ errorCode: 0 })
})

test('posts are sent when there is a connection, and lost when there can be none', async () => {
  const { clock, listen, other, channel } = await channelTo()
  const post = () => channel.post([concatBytes([Uint8Array.of(0, 0, 0, 10), new Uint8Array(10)])])
  post()
  await turns(clock)
  await listen()
  post()
  await turns(clock)
  post()
  await turns(clock)
  expect(other.correlationIds).toHaveLength(2)
})

test('what a broker that does not read is sent has a bound', async () => {
  const written: (readonly Uint8Array[])[] = []
  const stream = { queuedBytes: maxPeerBytesQueued - 1, handle() {}, write: pushTo(written) }
  const { channel, ask } = await channelTo({
    listen: () => Promise.reject(new Error('not here')),
    connect: async () => stream as unknown as ByteStream,
  })
  void outcome(ask())
  await settled()
  channel.post([new Uint8Array(4)])
  expect(written).toHaveLength(2)
  stream.queuedBytes += 1
  channel.post([new Uint8Array(4)])
  expect(await outcome(ask())).toMatchObject({ code: 'unreachable' })
  expect(written).toHaveLength(2)
})

test('a closed channel refuses what waits and what comes', async () => {
  const { clock, listen, other, channel, ask } = await channelTo()
  await listen()
  const waiting = outcome(ask())
  await turns(clock)
  expect(other.correlationIds).toHaveLength(1)
  await channel[Symbol.asyncDispose]()
  await turns(clock)
  expect(await waiting).toMatchObject({ code: 'closed' })
  expect(await outcome(ask())).toMatchObject({ code: 'closed' })
})

test('a broker that says nothing any more is taken for dead, and its requests fail', async () => {
  const { clock, listen, other, ask, channel, lost } = await channelTo()
  await listen()
  const waiting = [outcome(ask()), outcome(ask())]
  await turns(clock)
  clock.advance(peerSilenceMs)
  await turns(clock)
  expect(other.pings).toHaveLength(1)
  clock.advance(peerDeadMs - peerSilenceMs - 1)
  await turns(clock)
  expect(lost).toEqual([])
  clock.advance(1)
  await turns(clock)
  expect(lost).toEqual([2])
  for (const each of await Promise.all(waiting)) {
    expect(each).toMatchObject({ code: 'closed', cause: { code: 'timeout' } })
  }
  expect(clock.pendingTimers).toBe(0)
  const again = ask()
  await turns(clock)
  other.answer(other.correlationIds.at(-1) ?? 0, 0)
  await turns(clock)
  expect(await again).toMatchObject({ errorCode: 0 })
  await channel[Symbol.asyncDispose]()
  await turns(clock)
  expect(clock.pendingTimers).toBe(0)
})

test('an answer may take its time when the broker shows that it is there', async () => {
  const { clock, listen, other, ask, lost } = await channelTo()
  await listen()
  const slow = ask()
  await turns(clock)
  for (let i = 0; i < 30; i++) {
    clock.advance(1_000)
    await turns(clock, 4)
    if (other.pings.length > 0) other.answerPing()
    other.pings.length = 0
  }
  other.answer(other.correlationIds[0] ?? 0, 9)
  await turns(clock)
  expect(await slow).toMatchObject({ errorCode: 9 })
  expect([other.streams.length, lost]).toEqual([1, []])
})

test('a broker that is only posted to is asked whether it is there', async () => {
  const { clock, listen, other, channel, lost } = await channelTo()
  await listen()
  const post = async () => {
    channel.post([concatBytes([Uint8Array.of(0, 0, 0, 10), new Uint8Array(10)])])
    clock.advance(1_000)
    await turns(clock, 4)
  }
  for (let i = 0; i < 6; i++) {
    await post()
    if (other.pings.length > 0) other.answerPing()
    other.pings.length = 0
  }
  expect(lost).toEqual([])
  for (let i = 0; i < 15; i++) await post()
  expect(lost).toEqual([2])
})

test('while nothing is owed no timer runs and nobody is asked', async () => {
  const { clock, listen, other, ask, lost } = await channelTo()
  await listen()
  const answered = ask()
  await turns(clock)
  other.answer(other.correlationIds[0] ?? 0, 0)
  await turns(clock)
  await answered
  clock.advance(60_000)
  await turns(clock)
  expect([other.pings, lost, clock.pendingTimers]).toEqual([[], [], 0])
})

function pushTo<T>(list: T[]): (item: T) => boolean {
  return item => list.push(item) > 0
}
