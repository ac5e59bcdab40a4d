// Finding the controller, following it, and giving up.

import { seededRandom } from '@klamm/base'
import { NetworkError } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import { errorCodes, Heartbeat, KafkaError, type ResponseOf } from '@klamm/protocol'
import { expect, test, vi } from 'vitest'
import { maxForwardedBytes } from '../limits.ts'
import { settled } from '../testing/turns.ts'
import { ControllerChannel } from './controller-channel.ts'
import type { PeerChannels } from './peer-channels.ts'

type Answer = ResponseOf<typeof Heartbeat>

const body = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }
const fine: Answer = { throttleTimeMs: 0, errorCode: 0 }
/** As CreateTopics: who asks again may be told of its own topic. */
const once = { isRepeatable: false }
const notController: Answer = { throttleTimeMs: 0, errorCode: errorCodes.NOT_CONTROLLER }

/** Broker 1 asks; `remote` and `local` answer for the others and for itself. */
function channelOf(remote: (brokerId: number) => Promise<unknown>, local = remote) {
  const clock = new TestClock()
  const abort = new AbortController()
  const state = { controllerId: -1 }
  const channel = new ControllerChannel({
    brokerId: 1,
    clock,
    random: seededRandom(1),
    peers: { to: (id: number) => ({ request: () => remote(id) }) } as unknown as PeerChannels,
    controllerId: () => state.controllerId,
    local: () => local(1) as never,
  })
  const ask = () =>
    channel
      .request(Heartbeat, 4, body, {
        timeoutMs: 1_000,
        signal: abort.signal,
        errorOf: ({ errorCode }) => errorCode,
      })
      .then(
        answer => answer,
        (error: Error) => error,
      )
  const wait = async (ms: number) => {
    for (let i = 0; i < ms; i += 50) {
      clock.advance(50)
      await settled()
    }
  }
  return { clock, abort, state, channel, ask, wait }
}

test('a controller that is not known yet is waited for, and followed when it moves', async () => {
  const asked: number[] = []
  const { state, ask, wait, clock } = channelOf(id => {
    asked.push(id)
    return Promise.resolve(id === 3 ? fine : notController)
  })
  const answer = ask()
  await wait(200)
  expect(asked).toEqual([])
  state.controllerId = 2
  await wait(300)
  expect(new Set(asked)).toEqual(new Set([2]))
  state.controllerId = 3
  await wait(500)
  expect(await answer).toEqual(fine)
  expect(clock.pendingTimers).toBe(0)
})

test.each([
  ['a lost connection', () => Promise.reject(new NetworkError('closed', 'lost'))],
  ['a resignation', () => Promise.reject(new KafkaError('NOT_CONTROLLER'))],
])('after %s it tries again', async (_what, fail) => {
  let tries = 0
  const { state, ask, wait } = channelOf(() => {
    tries += 1
    return tries < 3 ? fail() : Promise.resolve(fine)
  })
  state.controllerId = 2
  const answer = ask()
  await wait(900)
  expect(await answer).toEqual(fine)
  expect(tries).toBe(3)
})

test('any other failure is for whoever asked', async () => {
  const bug = new TypeError('of undefined')
  const { state, ask } = channelOf(() => Promise.reject(bug))
  state.controllerId = 2
  expect(await ask()).toBe(bug)
})

test('a controller here that never answers costs the time asked for', async () => {
  const { clock, state, ask, wait } = channelOf(() => new Promise<never>(() => {}))
  state.controllerId = 1
  const answer = ask()
  await wait(1_000)
  expect(await answer).toMatchObject({ name: 'TimeoutError' })
  expect(clock.pendingTimers).toBe(0)
})

test('it ends with the signal, also while it waits for its own controller', async () => {
  const { abort, state, ask, clock } = channelOf(() => new Promise<never>(() => {}))
  state.controllerId = 1
  const answer = ask()
  await settled()
  abort.abort(new Error('stopped'))
  expect(await answer).toMatchObject({ message: 'stopped' })
  expect(clock.pendingTimers).toBe(0)
})

test('a request of a client is forwarded in an envelope', async () => {
  const frame = Uint8Array.of(1, 2, 3)
  const responseData = Uint8Array.of(4, 5)
  const remote = vi.fn(() => Promise.resolve({ responseData, errorCode: 0 }))
  const { abort, state, channel } = channelOf(remote)
  state.controllerId = 2
  expect(await channel.forward(frame, abort.signal, once)).toBe(responseData)
})

test('what the controller refuses is refused with its own error', async () => {
  const refusal = { responseData: null, errorCode: errorCodes.INVALID_REQUEST }
  const { abort, state, channel } = channelOf(() => Promise.resolve(refusal))
  state.controllerId = 2
  await expect(channel.forward(new Uint8Array(1), abort.signal, once)).rejects.toMatchObject({
    errorName: 'INVALID_REQUEST',
  })
})

const lost = new NetworkError('closed', 'lost')
const refused = new NetworkError('refused', 'nobody listens')

test('a request whose outcome nobody knows is sent again only when that is harmless', async () => {
  const responseData = Uint8Array.of(4, 5)
  const answer = { responseData, errorCode: 0 }
  for (const [isRepeatable, first, outcome, tries] of [
    [true, lost, responseData, 2],
    [false, lost, { errorName: 'REQUEST_TIMED_OUT' }, 1],
    // It never left this broker, or was refused before anything was decided.
    [false, refused, responseData, 2],
    [false, new KafkaError('NOT_CONTROLLER'), responseData, 2],
  ] as const) {
    const remote = vi.fn(() => Promise.resolve(answer as unknown))
    remote.mockImplementationOnce(() => Promise.reject(first))
    const { abort, state, channel, wait } = channelOf(remote)
    state.controllerId = 2
    const options = { isRepeatable }
    const told = channel
      .forward(new Uint8Array(1), abort.signal, options)
      .catch((error: Error) => error)
    await wait(500)
    expect(await told).toMatchObject(outcome)
    expect(remote).toHaveBeenCalledTimes(tries)
  }
})

test('without a controller a forwarded request times out as the client knows it', async () => {
  const { abort, channel, wait } = channelOf(() => Promise.resolve(fine))
  const failed = channel
    .forward(new Uint8Array(1), abort.signal, once)
    .catch((error: Error) => error)
  await wait(30_000)
  expect(await failed).toMatchObject({ errorName: 'REQUEST_TIMED_OUT' })
})

test('clients have no more bytes under way to the controller than the bound', async () => {
  const answers: (() => void)[] = []
  const { state, channel, abort, clock } = channelOf(() => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    answers.push(() => resolve({ responseData: Uint8Array.of(1), errorCode: 0 }))
    return promise
  })
  state.controllerId = 2
  const half = new Uint8Array(maxForwardedBytes / 2)
  const gone = new AbortController()
  const never = new AbortController().signal
  const sent = [never, never, gone.signal, never].map(signal =>
    channel.forward(half, signal, once).then(
      () => 'answered',
      (error: Error) => error.message,
    ),
  )
  await settled()
  expect(answers).toHaveLength(2)
  gone.abort(new Error('the client is gone'))
  expect(await sent[2]).toBe('the client is gone')
  answers[0]?.()
  await settled()
  expect(answers).toHaveLength(3)
  for (const answer of answers) answer()
  expect(await Promise.all(sent)).toEqual([
    ...['answered', 'answered', 'the client is gone', 'answered'],
  ])
  abort.abort()
  expect(clock.pendingTimers).toBe(0)
})

test('a request that waited too long for its turn is timed out as any other', async () => {
  const { channel, wait } = channelOf(() => Promise.resolve(fine))
  const frame = new Uint8Array(maxForwardedBytes)
  const errors = [1, 2].map(() =>
    channel.forward(frame, new AbortController().signal, once).catch((error: KafkaError) => error),
  )
  await settled()
  await wait(30_000)
  for (const error of await Promise.all(errors)) {
    expect(error).toMatchObject({ errorName: 'REQUEST_TIMED_OUT' })
  }
})
