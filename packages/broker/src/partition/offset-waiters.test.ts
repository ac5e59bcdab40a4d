// Waiting for offsets.

import type { ErrorName } from '@klamm/protocol/errors'
import { expect, test } from 'vitest'
import { OffsetWaiters } from './offset-waiters.ts'

function waitersOf() {
  const waiters = new OffsetWaiters()
  const told: [string, ErrorName][] = []
  const wait = (name: string, offset: number) =>
    waiters.add(offset, error => told.push([name, error]))
  return { waiters, told, wait }
}

test('each is told once, when its offset is reached, in the order of offsets', () => {
  const { waiters, told, wait } = waitersOf()
  wait('late', 5)
  wait('early', 2)
  waiters.reached(1)
  expect(told).toEqual([])
  waiters.reached(4)
  waiters.reached(4)
  expect(told).toEqual([['early', 'NONE']])
  waiters.reached(9)
  expect(told).toEqual([
    ['early', 'NONE'],
    ['late', 'NONE'],
  ])
  expect(waiters.size).toBe(0)
})

test('all that wait are told when it will never be', () => {
  const { waiters, told, wait } = waitersOf()
  wait('one', 1)
  wait('two', 2)
  waiters.fail('NOT_LEADER_OR_FOLLOWER')
  expect(told.map(([, error]) => error)).toEqual([
    'NOT_LEADER_OR_FOLLOWER',
    'NOT_LEADER_OR_FOLLOWER',
  ])
  waiters.reached(9)
  expect(told).toHaveLength(2)
})

test('who gave up is told nothing, whatever becomes of the offset', () => {
  const { waiters, told, wait } = waitersOf()
  const giveUp = wait('gone', 1)
  wait('here', 1)
  giveUp()
  giveUp()
  waiters.reached(1)
  expect(told).toEqual([['here', 'NONE']])
  // Giving up what was told already changes nothing.
  giveUp()
  wait('gone', 2)()
  waiters.fail('NOT_LEADER_OR_FOLLOWER')
  expect(told).toHaveLength(1)
})

test('those that gave up do not pile up while an offset is not reached', () => {
  const { waiters, told, wait } = waitersOf()
  wait('here', 10)
  for (let i = 0; i < 10_000; i++) {
    wait('gone', 10)()
    expect(waiters.size).toBeLessThan(40)
  }
  waiters.reached(10)
  expect(told).toEqual([['here', 'NONE']])
  expect(waiters.size).toBe(0)
})

test('who is told may wait for more', () => {
  const { waiters, told, wait } = waitersOf()
  waiters.add(1, () => wait('next', 2))
  waiters.reached(2)
  expect(told).toEqual([['next', 'NONE']])
})
