// What becomes of a thread that is to stop.

import { EventEmitter } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { TestClock } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { flushLimitMs, freezeLimitMs, WorkerNode } from './launch-worker-node.ts'
import { handOverMs } from './open-node.ts'

class Thread extends EventEmitter {
  readonly log: unknown[] = []

  postMessage(message: unknown): void {
    this.log.push(message)
  }

  async terminate(): Promise<number> {
    this.log.push('terminated')
    this.emit('exit', 1)
    return 1
  }
}

function started() {
  const clock = new TestClock()
  const thread = new Thread()
  const failures: Error[] = []
  const onFailure = (_id: number, error: Error) => failures.push(error)
  const node = new WorkerNode(1, thread as unknown as Worker, { onFailure }, clock)
  thread.emit('message', { kind: 'started', port: 9 })
  return { clock, thread, failures, node }
}

test.each(['alone', 'all'] as const)('a thread that does not stop is ended (%s)', async how => {
  const { clock, thread, failures, node } = started()
  const stopped = node.stop(how)
  clock.advance(handOverMs(how) + flushLimitMs - 1)
  await Promise.resolve()
  expect(thread.log).toEqual([{ kind: 'stop', how }])
  clock.advance(1)
  await new Promise(setImmediate)
  clock.advance(freezeLimitMs)
  await stopped
  expect(thread.log).toEqual([{ kind: 'stop', how }, { kind: 'freeze' }, 'terminated'])
  expect(failures).toEqual([])
})

test('a thread that stops is not waited for any longer, and no timer stays', async () => {
  const { clock, thread, node } = started()
  const stopped = node.stop('alone')
  thread.emit('message', { kind: 'stopped' })
  await stopped
  expect(thread.log.at(-1)).toBe('terminated')
  expect(clock.pendingTimers).toBe(0)
})

test('a thread is ended when it stands still, not within a call into native code', async () => {
  const { clock, thread, node } = started()
  const killed = node.kill()
  await new Promise(setImmediate)
  expect(thread.log).toEqual([{ kind: 'freeze' }])
  thread.emit('message', { kind: 'frozen' })
  await killed
  expect(thread.log).toEqual([{ kind: 'freeze' }, 'terminated'])
  expect(clock.pendingTimers).toBe(0)
})

test('a thread that has ended already is not waited for', async () => {
  const { clock, thread, node, failures } = started()
  thread.emit('exit', 1)
  await node.kill()
  expect(failures).toHaveLength(1)
  expect(clock.pendingTimers).toBe(0)
})
