// Trying again, and when not to.

import { seededRandom } from '@klamm/base'
import { type Scheduler, SimWorld } from '@klamm/sim'
import { expect, test } from 'vitest'
import { KafkaError } from '../errors.ts'
import { type RetryOptions, retrying } from './retry.ts'

function world() {
  const { scheduler, node } = (() => {
    const world = new SimWorld({ seed: 1 })
    return { scheduler: world.scheduler as Scheduler, node: world.node('client').start() }
  })()
  const env = { clock: node.clock, random: seededRandom(1) }
  const times: number[] = []
  const run = (options: RetryOptions, fail: (attempt: number) => unknown) =>
    retrying(env, options, async () => {
      times.push(scheduler.nowMs)
      const error = fail(times.length)
      if (error !== undefined) throw error
      return times.length
    })
  return { scheduler, times, run }
}

const lost = new KafkaError('ERR_CONNECTION', 'lost')

test('waits grow, with jitter, up to their bound', async () => {
  const { scheduler, times, run } = world()
  expect(await scheduler.settle(run({}, n => (n < 8 ? lost : undefined)))).toBe(8)
  const waits = times.slice(1).map((ms, i) => ms - (times[i] ?? 0))
  expect(waits[0]).toBeGreaterThanOrEqual(80)
  expect(waits[0]).toBeLessThanOrEqual(120)
  expect(Math.max(...waits)).toBeLessThanOrEqual(1_000)
  expect(waits[6]).toBeGreaterThan(700)
})

test('what will not get better is not tried again', async () => {
  const { scheduler, times, run } = world()
  const denied = new KafkaError('TOPIC_AUTHORIZATION_FAILED', 'no')
  await expect(scheduler.settle(run({}, () => denied))).rejects.toBe(denied)
  const bug = new TypeError('of undefined')
  await expect(scheduler.settle(run({}, () => bug))).rejects.toBe(bug)
  expect(times).toHaveLength(2)
})

test('no attempt begins after the deadline, and the last failure is told', async () => {
  const { scheduler, times, run } = world()
  await expect(scheduler.settle(run({ deadlineMs: 2_000 }, () => lost))).rejects.toBe(lost)
  expect(Math.max(...times)).toBeLessThanOrEqual(2_000)
  expect(times.length).toBeGreaterThan(3)
})

test('the signal ends it, also in the middle of a wait', async () => {
  const { scheduler, run } = world()
  const abort = new AbortController()
  const running = run({ signal: abort.signal }, () => lost)
  scheduler.after(50, () => abort.abort(new Error('enough')))
  await expect(scheduler.settle(running)).rejects.toMatchObject({
    code: 'ERR_ABORTED',
    cause: { message: 'enough' },
  })
  expect(scheduler.nowMs).toBe(50)
})
