// A broker and what the controller says of it.

import { silentLogger, TimeoutError } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import { BrokerRegistration, type ErrorName, errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { ControllerChannel } from '../network/controller-channel.ts'
import { settled } from '../testing/turns.ts'
import { Registration } from './registration.ts'

interface Beat {
  readonly error?: ErrorName
  readonly isFenced?: boolean
  readonly shouldShutDown?: boolean
}

interface Controller {
  register: () => ErrorName | 'no answer'
  beat: (wantShutDown: boolean, wantFence: boolean) => Beat | 'no answer'
}

function registered(controller: Partial<Controller> = {}, mayServe = () => true) {
  const clock = new TestClock()
  const failures: unknown[] = []
  const log: string[] = []
  const state: Controller = { register: () => 'NONE', beat: () => ({}), ...controller }
  let epoch = 0
  const request = async (
    schema: unknown,
    _version: number,
    body: {
      readonly brokerEpoch: number
      readonly wantShutDown: boolean
      readonly wantFence: boolean
    },
    { signal }: { readonly signal: AbortSignal },
  ) => {
    signal.throwIfAborted()
    const isRegistration = schema === BrokerRegistration
    log.push(isRegistration ? 'register' : `beat ${body.brokerEpoch}`)
    const { wantShutDown, wantFence } = body
    const answer = isRegistration ? state.register() : state.beat(wantShutDown, wantFence)
    if (answer === 'no answer') throw new TimeoutError('no answer')
    if (typeof answer === 'string') {
      if (answer === 'NONE') epoch += 1
      return { throttleTimeMs: 0, errorCode: errorCodes[answer], brokerEpoch: epoch }
    }
    const { error = 'NONE', isFenced = false, shouldShutDown = false } = answer
    return { throttleTimeMs: 0, errorCode: errorCodes[error], isFenced, shouldShutDown }
  }
  const registration = Registration.start({
    clock,
    log: silentLogger,
    controller: { request } as unknown as ControllerChannel,
    request: { brokerId: 1 } as never,
    heartbeatIntervalMs: 2_000,
    mayServe,
    metadataOffset: () => 7,
    onFailure: error => failures.push(error),
  })
  const pass = async (ms: number) => {
    await settled()
    for (let passed = 0; passed < ms; passed += 50) {
      clock.advance(50)
      await settled()
    }
  }
  return { clock, state, registration, failures, log, pass }
}

test('it registers, then sends heartbeats under the epoch it was given', async () => {
  const { registration, log, pass } = registered()
  await pass(4_100)
  expect(log).toEqual(['register', 'beat 1', 'beat 1', 'beat 1'])
  expect(registration).toMatchObject({ brokerEpoch: 1, isFenced: false })
  await registration.whenUnfenced()
  await registration[Symbol.asyncDispose]()
})

test('while it is fenced it asks more often', async () => {
  const { registration, state, log, pass } = registered({ beat: () => ({ isFenced: true }) })
  await pass(500)
  expect(log.length).toBeGreaterThan(8)
  expect(registration.isFenced).toBe(true)
  state.beat = () => ({})
  await pass(100)
  expect(registration.isFenced).toBe(false)
  await registration[Symbol.asyncDispose]()
})

test('it asks to stay fenced until it may serve, and not again after that', async () => {
  const wants: boolean[] = []
  let mayServe = false
  const beat = (_wantShutDown: boolean, wantFence: boolean) => {
    wants.push(wantFence)
    return { isFenced: wantFence }
  }
  const { registration, pass } = registered({ beat }, () => mayServe)
  await pass(200)
  expect(registration.isFenced).toBe(true)
  mayServe = true
  await pass(100)
  expect(registration.isFenced).toBe(false)
  const first = wants.indexOf(false)
  expect(first).toBeGreaterThan(1)
  mayServe = false
  await pass(4_000)
  expect(wants.slice(first)).toEqual([false, false, false])
  await registration[Symbol.asyncDispose]()
})

test.each<ErrorName | 'no answer'>([
  'DUPLICATE_BROKER_REGISTRATION',
  'THROTTLING_QUOTA_EXCEEDED',
  'REQUEST_TIMED_OUT',
])('a registration answered with %s is made again', async error => {
  const { registration, state, failures, pass } = registered({ register: () => error })
  await pass(100)
  expect(registration.brokerEpoch).toBe(-1)
  state.register = () => 'NONE'
  await pass(2_100)
  expect(registration.brokerEpoch).toBe(1)
  expect(failures).toEqual([])
  await registration[Symbol.asyncDispose]()
})

test('a controller that is busy is sent a heartbeat again', async () => {
  const busy = (): Beat => ({ error: 'THROTTLING_QUOTA_EXCEEDED' })
  const { registration, failures, log, pass } = registered({ beat: busy })
  await pass(200)
  expect(failures).toEqual([])
  expect(log.filter(each => each === 'register')).toHaveLength(1)
  expect(log.length).toBeGreaterThan(3)
  await registration[Symbol.asyncDispose]()
})

test('an epoch that is not known any more is asked for anew; until then it is fenced', async () => {
  const { registration, state, log, pass } = registered()
  await pass(0)
  expect(registration.isFenced).toBe(false)
  state.beat = () => ({ error: 'STALE_BROKER_EPOCH' })
  state.register = () => 'DUPLICATE_BROKER_REGISTRATION'
  await pass(2_000)
  expect(registration.isFenced).toBe(true)
  state.register = () => 'NONE'
  state.beat = () => ({})
  await pass(2_000)
  expect(registration).toMatchObject({ brokerEpoch: 2, isFenced: false })
  expect(log.at(-1)).toBe('beat 2')
  await registration[Symbol.asyncDispose]()
})

test('a refusal for good ends the broker', async () => {
  const { registration, failures, pass } = registered({ register: () => 'INCONSISTENT_CLUSTER_ID' })
  await pass(0)
  expect(failures).toMatchObject([{ errorName: 'INCONSISTENT_CLUSTER_ID' }])
  await registration[Symbol.asyncDispose]()
})

test('who wants to stop says so at once, and hears when it may', async () => {
  const { registration, state, pass } = registered()
  await pass(0)
  const wanted: boolean[] = []
  state.beat = wantShutDown => {
    wanted.push(wantShutDown)
    return { shouldShutDown: wanted.length > 1 }
  }
  let mayStop = false
  void registration.requestShutDown().then(() => {
    mayStop = true
  })
  await settled()
  expect(wanted).toEqual([true])
  await pass(2_000)
  expect(mayStop).toBe(true)
  await registration[Symbol.asyncDispose]()
})

test('when it stops no timer is left, and who waits for the cluster hears of it', async () => {
  const { clock, registration, failures, pass } = registered({ beat: () => ({ isFenced: true }) })
  await pass(0)
  const waiting = expect(registration.whenUnfenced()).rejects.toThrow('stopped before')
  await registration[Symbol.asyncDispose]()
  await waiting
  expect(clock.pendingTimers).toBe(0)
  expect(failures).toEqual([])
})
