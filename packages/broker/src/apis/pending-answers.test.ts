// Waiting for several partitions with one timer.

import { TestClock } from '@klamm/base/testing'
import type { ErrorName } from '@klamm/protocol/errors'
import { expect, test } from 'vitest'
import { settled } from '../testing/turns.ts'
import { PendingAnswers } from './pending-answers.ts'

function pendingOf(partitions: number) {
  const clock = new TestClock()
  const abort = new AbortController()
  const answers = new PendingAnswers()
  const told: ErrorName[] = []
  const gaveUp: number[] = []
  const tell = Array.from({ length: partitions }, (_, i) => {
    answers.onGivenUp(() => gaveUp.push(i))
    return answers.add(error => told.push(error))
  })
  let isOver = false
  const wait = (timeoutMs = 100) => {
    void answers.settled(clock, timeoutMs, abort.signal).then(() => {
      isOver = true
    })
  }
  return { clock, abort, told, gaveUp, tell, wait, isOver: () => isOver }
}

test('it is over when the last partition has been told', async () => {
  const { clock, told, gaveUp, tell, wait, isOver } = pendingOf(2)
  wait()
  tell[1]?.('NONE')
  await settled()
  expect(isOver()).toBe(false)
  tell[0]?.('NOT_LEADER_OR_FOLLOWER')
  await settled()
  expect(isOver()).toBe(true)
  expect(told).toEqual(['NONE', 'NOT_LEADER_OR_FOLLOWER'])
  expect(gaveUp).toEqual([])
  expect(clock.pendingTimers).toBe(0)
})

test('without partitions, or when all were told at once, nothing is waited for', async () => {
  for (const count of [0, 2]) {
    const { clock, tell, wait, isOver } = pendingOf(count)
    for (const each of tell) each('NONE')
    wait()
    await settled()
    expect(isOver()).toBe(true)
    expect(clock.pendingTimers).toBe(0)
  }
})

test('when the time is up the rest is given up, and later news change nothing', async () => {
  const { clock, told, gaveUp, tell, wait, isOver } = pendingOf(2)
  wait()
  tell[0]?.('NONE')
  clock.advance(100)
  await settled()
  expect(isOver()).toBe(true)
  expect(told).toEqual(['NONE', 'REQUEST_TIMED_OUT'])
  expect(gaveUp).toEqual([0, 1])
  tell[1]?.('NONE')
  expect(told).toHaveLength(2)
})

test.each([['before'], ['while']])('a client that goes %s it waits ends it', async when => {
  const { clock, abort, gaveUp, wait, isOver } = pendingOf(1)
  if (when === 'before') abort.abort(new Error('closed'))
  wait(0x7fffffff)
  if (when === 'while') abort.abort(new Error('closed'))
  await settled()
  expect(isOver()).toBe(true)
  expect(gaveUp).toEqual([0])
  expect(clock.pendingTimers).toBe(0)
})

test('a time that is negative is over', async () => {
  const { clock, told, wait } = pendingOf(1)
  wait(-5)
  clock.advance(0)
  await settled()
  expect(told).toEqual(['REQUEST_TIMED_OUT'])
})
