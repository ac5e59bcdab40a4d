import { describe, expect, test } from 'vitest'
import { Inflights } from './inflights.ts'
import { Progress } from './progress.ts'
import { testVoter } from './testing/ids.ts'

function progress(nextIndex: number): Progress {
  return new Progress(testVoter(2), nextIndex, new Inflights(2, 100), 0)
}

const snapshot = { index: 20, term: 1, configuration: { voters: [] }, data: new Uint8Array(0) }

describe('a follower', () => {
  test('is probed with one append at a time', () => {
    const follower = progress(5)
    follower.sent(7, 10)
    expect(follower.maySend).toBe(false)
    expect(follower.nextIndex).toBe(5)
    follower.isProbing = false
    expect(follower.maySend).toBe(true)
  })

  test('is sent ahead once it agrees, until its window is full', () => {
    const follower = progress(5)
    expect(follower.matched(4)).toBe(true)
    follower.becomeReplicate()
    follower.sent(5, 10)
    follower.sent(7, 10)
    expect(follower.maySend).toBe(false)
    expect(follower.nextIndex).toBe(8)
    expect(follower.matched(5)).toBe(true)
    expect(follower.maySend).toBe(true)
    expect(follower.inflights.count).toBe(1)
  })

  test('has no more than one message beyond its bytes', () => {
    const follower = progress(1)
    follower.becomeReplicate()
    follower.sent(1, 1000)
    expect(follower.maySend).toBe(false)
  })

  test('does not lose by a late answer what it is known to have', () => {
    const follower = progress(5)
    follower.matched(9)
    expect(follower.matched(6)).toBe(false)
    expect(follower.matchIndex).toBe(9)
    follower.becomeProbe(3)
    expect(follower.nextIndex).toBe(10)
  })

  test('gets nothing else while it gets a snapshot, and goes on after it', () => {
    const follower = progress(5)
    follower.becomeSnapshot(snapshot, 0)
    expect(follower.maySend).toBe(false)
    expect(follower.nextIndex).toBe(21)
    expect(() => follower.sent(21, 1)).toThrow('gets no appends')
    follower.matched(20)
    follower.becomeReplicate()
    expect(follower.maySend).toBe(true)
    expect(follower.transfer).toBeUndefined()
  })

  test('never gets a second snapshot on top of one', () => {
    const follower = progress(5)
    follower.becomeSnapshot(snapshot, 0)
    expect(() => follower.becomeSnapshot(snapshot, 0)).toThrow('as its table says')
  })
})
