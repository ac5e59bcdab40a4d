// Stopping once.

import { expect, test } from 'vitest'
import { once } from './once.ts'

test('the work is done once and everybody waits for it', async () => {
  let count = 0
  const done = Promise.withResolvers<void>()
  const stop = once(() => {
    count += 1
    return done.promise
  })
  const [first, second] = [stop(), stop()]
  expect(first).toBe(second)
  done.resolve()
  await first
  await stop()
  expect(count).toBe(1)
})

test('a failure is everybody’s', async () => {
  const stop = once(() => Promise.reject(new Error('stuck')))
  await expect(stop()).rejects.toThrow('stuck')
  await expect(stop()).rejects.toThrow('stuck')
})
