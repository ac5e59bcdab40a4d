import { InvariantError } from '@klamm/base'
import { seededTest } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { describeTransactions } from './describe.ts'
import { type AbortedTransaction, OpenTransactions } from './open-transactions.ts'
import { type Entry, seededLog } from './testing/seeded-log.ts'

function apply(transactions: OpenTransactions, entry: Entry): void {
  if (entry.kind === 'marker') transactions.appliedMarker(entry.marker)
  else if (entry.batch.isTransactional) transactions.applied(entry.batch)
}

function applied(log: readonly Entry[]): OpenTransactions {
  const transactions = new OpenTransactions()
  for (const entry of log) apply(transactions, entry)
  return transactions
}

interface Transaction {
  readonly producerId: number
  readonly firstOffset: number
  /** Undefined while it is open. */
  readonly marker: { readonly offset: number; readonly isCommit: boolean } | undefined
}

/** By looking at the whole log: slow and simple. */
function transactionsOf(log: readonly Entry[]): Transaction[] {
  const found: Transaction[] = []
  const open = new Map<number, number>()
  for (const entry of log) {
    if (entry.kind === 'batch') {
      const { producerId, baseOffset, isTransactional } = entry.batch
      if (isTransactional && !open.has(producerId)) open.set(producerId, baseOffset)
      continue
    }
    const { producerId } = entry.marker
    const firstOffset = open.get(producerId)
    if (firstOffset !== undefined) found.push({ producerId, firstOffset, marker: entry.marker })
    open.delete(producerId)
  }
  for (const [producerId, firstOffset] of open) {
    found.push({ producerId, firstOffset, marker: undefined })
  }
  return found
}

function stableEnd(log: readonly Entry[], highWatermark: number): number {
  const undecided = transactionsOf(log).filter(
    ({ marker }) => marker === undefined || marker.offset >= highWatermark,
  )
  return Math.min(highWatermark, ...undecided.map(({ firstOffset }) => firstOffset))
}

function endOf(log: readonly Entry[]): number {
  const last = log.at(-1)
  if (last === undefined) return 0
  return 1 + (last.kind === 'batch' ? last.batch.lastOffset : last.marker.offset)
}

seededTest('the last stable offset is before the first undecided transaction', 30, random => {
  const log = seededLog(random, 80)
  const transactions = new OpenTransactions()
  let highWatermark = 0
  log.forEach((entry, index) => {
    apply(transactions, entry)
    const logged = log.slice(0, index + 1)
    highWatermark += random.below(endOf(logged) - highWatermark + 1)
    const stable = stableEnd(logged, highWatermark)
    expect(transactions.lastStableOffset(0, highWatermark)).toBe(stable)
    transactions.committed(highWatermark)
    expect(transactions.lastStableOffset(0, highWatermark)).toBe(stable)
  })
})

seededTest('a reader is told every aborted transaction that it may see records of', 30, random => {
  const log = seededLog(random, 80)
  const transactions = applied(log)
  const aborted = transactionsOf(log).filter(({ marker }) => marker?.isCommit === false)
  for (let round = 0; round < 40; round++) {
    const fetchOffset = random.below(endOf(log))
    const endOffset = fetchOffset + 1 + random.below(endOf(log) - fetchOffset)
    const expected: AbortedTransaction[] = aborted
      .filter(({ firstOffset, marker }) => {
        return firstOffset < endOffset && (marker?.offset ?? 0) >= fetchOffset
      })
      .map(({ producerId, firstOffset, marker }) => {
        return { producerId, firstOffset, lastOffset: marker?.offset ?? -1 }
      })
      .sort((a, b) => a.firstOffset - b.firstOffset)
    expect(transactions.abortedIn(fetchOffset, endOffset)).toEqual(expected)
  }
})

seededTest('the state is the same after a restart from any snapshot', 20, random => {
  const log = seededLog(random, 80)
  const at = random.below(log.length)
  const rebuilt = new OpenTransactions()
  rebuilt.restore(applied(log.slice(0, at)).snapshot())
  for (const entry of log.slice(at)) apply(rebuilt, entry)
  expect(rebuilt.snapshot()).toEqual(applied(log).snapshot())
})

const commit = {
  producerId: 1,
  producerEpoch: 1,
  coordinatorEpoch: 0,
  isCommit: true,
  offset: 4,
  timestamp: 0,
}

test('a transaction stays undecided until its marker is committed', () => {
  const transactions = new OpenTransactions()
  transactions.applied({ producerId: 1, baseOffset: 2 })
  transactions.appliedMarker(commit)
  expect(transactions.lastStableOffset(0, 4)).toBe(2)
  expect(transactions.lastStableOffset(0, 5)).toBe(5)
})

test('the last stable offset is never before the start of the log', () => {
  const transactions = new OpenTransactions()
  transactions.applied({ producerId: 1, baseOffset: 2 })
  expect(transactions.lastStableOffset(3, 6)).toBe(3)
})

test('a marker without a transaction decides nothing', () => {
  const transactions = new OpenTransactions()
  transactions.appliedMarker({ ...commit, isCommit: false })
  expect(describeTransactions(transactions)).toBe('open\ndecided\naborted')
})

test('who aborted in deleted records is forgotten', () => {
  const transactions = new OpenTransactions()
  transactions.applied({ producerId: 1, baseOffset: 2 })
  transactions.appliedMarker({ ...commit, isCommit: false })
  transactions.logStartAdvanced(4)
  expect(transactions.abortedIn(4, 10)).toHaveLength(1)
  transactions.logStartAdvanced(5)
  expect(transactions.abortedIn(4, 10)).toEqual([])
})

test('a cut within what was applied makes the state void', () => {
  const transactions = new OpenTransactions()
  transactions.applied({ producerId: 1, baseOffset: 2 })
  expect(transactions.truncate(3)).toBe(true)
  expect(transactions.firstOpenOffset).toBe(2)
  expect(transactions.truncate(2)).toBe(false)
  expect(transactions.firstOpenOffset).toBeUndefined()
})

test('batches are applied once and in order', () => {
  const transactions = new OpenTransactions()
  transactions.applied({ producerId: 1, baseOffset: 2 })
  expect(() => transactions.applied({ producerId: 2, baseOffset: 2 })).toThrow(InvariantError)
  expect(() => transactions.appliedMarker({ ...commit, offset: 1 })).toThrow(InvariantError)
})
