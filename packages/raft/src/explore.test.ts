// Every run of a small cluster, within budgets, on the real code. EXPLORE=n lifts the bound on
// states to n (a few millions take minutes and gigabytes).

import { describe, expect, test } from 'vitest'
import { type Budgets, type ExploreOptions, Explorer } from './testing/explore.ts'
import { mutants } from './testing/mutants.ts'

const statesMax = Number(process.env.EXPLORE ?? 30_000)

const nothing: Budgets = { terms: 1, proposals: 0, crashes: 0, beats: 0 }

function explore(budgets: Partial<Budgets>, options: Partial<ExploreOptions> = {}) {
  return new Explorer({
    nodeCount: 3,
    writesAtOnce: true,
    statesMax,
    ...options,
    budgets: { ...nothing, ...budgets },
  }).run()
}

describe('no run of three nodes breaks an invariant', () => {
  test('with two elections, completely', () => {
    const seen = explore({ terms: 2 })
    expect(seen.isComplete).toBe(true)
    expect(seen.leadersSeen).toBeGreaterThan(100)
    expect(seen.commitsSeen).toBeGreaterThan(100)
  })

  test('with one election, a proposal and a crash, completely', () => {
    const seen = explore({ proposals: 1, crashes: 1 })
    expect(seen.isComplete).toBe(true)
    expect(seen.commitsSeen).toBeGreaterThan(100)
  })

  test('with two elections and a proposal', () => {
    expect(explore({ terms: 2, proposals: 1 }).commitsSeen).toBeGreaterThan(100)
  })

  test('with two elections, slow disks and a crash', () => {
    const seen = explore({ terms: 2, crashes: 1 }, { writesAtOnce: false })
    expect(seen.leadersSeen).toBeGreaterThan(10)
  })

  test('with three elections and heartbeats', () => {
    expect(explore({ terms: 3, beats: 1 }).commitsSeen).toBeGreaterThan(100)
  })
})

describe('a short run shows that', () => {
  const instant = { writesAtOnce: true, budgets: { terms: 2, proposals: 1 } }
  const slow = { writesAtOnce: false, budgets: { terms: 2, crashes: 1 } }
  const cases = [
    { name: 'votesTwice', ...instant },
    { name: 'votesForBehind', ...instant },
    { name: 'staleAppendTruncates', ...instant },
    { name: 'lateAnswersCount', ...instant },
    { name: 'heartbeatCommitsAll', writesAtOnce: true, budgets: { terms: 2, beats: 1 } },
    { name: 'voteNotDurable', ...slow },
    { name: 'countsUndurableSelf', ...slow },
    { name: 'acksUndurable', ...slow },
  ] as const
  for (const { budgets, name, writesAtOnce } of cases) {
    const { about, rules } = mutants[name]
    test(`a node errs that ${about}`, () => {
      expect(() => explore(budgets, { writesAtOnce, rules })).toThrow(/^RAFT-/)
    })
  }
})
