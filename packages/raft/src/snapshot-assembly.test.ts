import { expect, test } from 'vitest'
import type { SnapshotChunk } from './message.ts'
import { PartialSnapshot } from './snapshot-assembly.ts'

const whole = Uint8Array.from([1, 2, 3, 4, 5])

function chunk(offset: number, length: number, other: Partial<SnapshotChunk> = {}): SnapshotChunk {
  return {
    kind: 'snapshotChunk',
    term: 3,
    snapshotIndex: 9,
    snapshotTerm: 2,
    configuration: { voters: [] },
    totalBytes: whole.length,
    offset,
    data: whole.subarray(offset, offset + length),
    ...other,
  }
}

test('a snapshot is complete when all its pieces came in order', () => {
  const partial = new PartialSnapshot(chunk(0, 2))
  for (const piece of [chunk(0, 2), chunk(2, 2), chunk(4, 1)]) {
    expect(partial.isComplete).toBe(false)
    partial.add(piece)
  }
  expect(partial.isComplete).toBe(true)
  expect(partial.assemble()).toEqual({
    index: 9,
    term: 2,
    configuration: { voters: [] },
    data: whole,
  })
})

test('repeated, early and overlong pieces are left out', () => {
  const partial = new PartialSnapshot(chunk(0, 2))
  partial.add(chunk(0, 2))
  partial.add(chunk(0, 2))
  partial.add(chunk(3, 1))
  partial.add(chunk(2, 1, { data: new Uint8Array(9) }))
  expect(partial.receivedBytes).toBe(2)
})

test('pieces of another snapshot, or of another leader, are no part of it', () => {
  const partial = new PartialSnapshot(chunk(0, 2))
  expect(partial.isPartOf(chunk(2, 2))).toBe(true)
  for (const other of [
    { snapshotIndex: 10 },
    { snapshotTerm: 3 },
    { term: 4 },
    { totalBytes: 6 },
  ]) {
    expect(partial.isPartOf(chunk(2, 2, other))).toBe(false)
  }
})

test('an empty snapshot is complete from the beginning', () => {
  expect(new PartialSnapshot(chunk(0, 0, { totalBytes: 0 })).isComplete).toBe(true)
})
