// What a scope promises about the work it owns.

import { expect, test } from 'vitest'
import { TaskScope } from './task-scope.ts'

test('disposal aborts the work and waits until it has ended', async () => {
  const failures: unknown[] = []
  const scope = new TaskScope((task, error) => failures.push([task, error]))
  const release = Promise.withResolvers<void>()
  const seen: string[] = []
  scope.spawn('worker', async signal => {
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    seen.push('aborted')
    await release.promise
    seen.push('ended')
    throw new Error('in consequence of the abort')
  })
  const disposed = scope[Symbol.asyncDispose]().then(() => seen.push('disposed'))
  await Promise.resolve()
  release.resolve()
  await disposed
  expect(seen).toEqual(['aborted', 'ended', 'disposed'])
  expect(failures).toEqual([])
})

test('a failure is told to the owner', async () => {
  const failures: unknown[] = []
  const scope = new TaskScope((task, error) => failures.push([task, error]))
  const error = new Error('broken')
  scope.spawn('worker', () => Promise.reject(error))
  await Promise.resolve()
  await scope[Symbol.asyncDispose]()
  expect(failures).toEqual([['worker', error]])
})

test('after disposal nothing starts', async () => {
  const scope = new TaskScope(() => {})
  await scope[Symbol.asyncDispose]()
  let isStarted = false
  scope.spawn('late', async () => {
    isStarted = true
  })
  expect(isStarted).toBe(false)
})
