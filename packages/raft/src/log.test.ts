import { describe, expect, test } from 'vitest'
import { RaftLog } from './log.ts'
import { bootstrapState, type Entry, type Snapshot } from './types.ts'

/** A log with entries of these terms from index 1 on. */
function log(...terms: number[]): RaftLog {
  const entries = terms.map((term, i): Entry => ({ kind: 'noop', term, index: i + 1 }))
  return new RaftLog({ ...bootstrapState(), entries })
}

function snapshot(index: number, term: number): Snapshot {
  return { index, term, configuration: { voters: [] }, data: new Uint8Array(0) }
}

function entries(from: number, ...terms: number[]): Entry[] {
  return terms.map((term, i) => ({ kind: 'noop', term, index: from + i }))
}

describe('a log', () => {
  test('knows the terms of what it keeps and of the place before it', () => {
    const kept = log(1, 1, 2)
    kept.commitTo(3)
    expect(kept.compact(snapshot(2, 1), 0)).toBe(true)
    expect([1, 2, 3, 4].map(index => kept.termAt(index))).toEqual([undefined, 1, 2, undefined])
    expect(kept.lastIndex).toBe(3)
    expect(kept.lastTerm).toBe(2)
  })

  test('keeps a margin before the snapshot', () => {
    const kept = log(1, 1, 2, 2)
    kept.commitTo(4)
    expect(kept.compact(snapshot(4, 2), 3)).toBe(true)
    expect(kept.start).toEqual({ index: 1, term: 1 })
    expect(kept.bytesSinceSnapshot).toBe(0)
    expect(kept.entriesFrom(0).map(entry => entry.index)).toEqual([2, 3, 4])
  })

  test('gives at least one entry, then as many as fit the bytes', () => {
    const kept = log(1, 1, 1, 1)
    expect(kept.slice(2, 4, 1).length).toBe(1)
    expect(kept.slice(2, 4, 32).length).toBe(2)
    expect(kept.slice(2, 4, 1000).length).toBe(3)
    expect(kept.slice(5, 4, 1000)).toEqual([])
  })

  test('finds the first entry that differs', () => {
    const kept = log(1, 1, 2)
    expect(kept.firstNew(0, entries(1, 1, 1, 2))).toBe(4)
    expect(kept.firstNew(1, entries(2, 1, 3))).toBe(3)
    expect(kept.firstNew(3, entries(4, 3))).toBe(4)
    expect(kept.firstNew(0, [])).toBe(1)
  })

  test('finds where it may still agree with another log, by whole terms', () => {
    const kept = log(1, 1, 2, 2, 4)
    expect(kept.lastWithTermAtMost(3, 9, 0)).toBe(4)
    expect(kept.lastWithTermAtMost(1, 4, 0)).toBe(2)
    expect(kept.lastWithTermAtMost(0, 4, 0)).toBe(0)
    expect(kept.lastWithTermAtMost(0, 4, 3)).toBe(3)
  })

  test('hands each entry to storage once, and again after a cut', () => {
    const kept = log(1, 1)
    for (const entry of entries(3, 1, 1)) kept.append(entry)
    expect(kept.takeUnwritten()).toMatchObject({ changedFrom: 3 })
    expect(kept.takeUnwritten()).toEqual({ entries: [], changedFrom: Number.POSITIVE_INFINITY })
    kept.truncateFrom(2)
    for (const entry of entries(2, 3, 3)) kept.append(entry)
    const { changedFrom, entries: unwritten } = kept.takeUnwritten()
    expect(changedFrom).toBe(2)
    expect(unwritten.map(({ index, term }) => `${index}/${term}`)).toEqual(['2/3', '3/3'])
  })

  test('counts the bytes since the snapshot through appends, cuts and compactions', () => {
    const kept = log(1, 1, 1)
    expect(kept.bytesSinceSnapshot).toBe(48)
    kept.truncateFrom(3)
    expect(kept.bytesSinceSnapshot).toBe(32)
    kept.commitTo(1)
    kept.compact(snapshot(1, 1), 10)
    expect(kept.bytesSinceSnapshot).toBe(16)
    kept.restore(snapshot(7, 3))
    expect(kept.bytesSinceSnapshot).toBe(0)
  })

  test('becomes a snapshot of its leader whole, without anything of its own', () => {
    const kept = log(1, 1, 2)
    kept.commitTo(2)
    kept.restore(snapshot(5, 3))
    expect(kept.lastIndex).toBe(5)
    expect(kept.lastTerm).toBe(3)
    expect(kept.commitIndex).toBe(5)
    expect(kept.takeUnwritten()).toEqual({ entries: [], changedFrom: 3 })
  })

  test('refuses gaps, terms that go back and snapshots that take something back', () => {
    const kept = log(1, 2)
    kept.commitTo(2)
    expect(() => kept.append({ kind: 'noop', term: 2, index: 4 })).toThrow('no gaps')
    expect(() => kept.append({ kind: 'noop', term: 1, index: 3 })).toThrow('never go back')
    expect(() => kept.restore(snapshot(2, 2))).toThrow('takes anything back')
    expect(() => kept.commitTo(3)).toThrow('only what is in the log')
  })
})
