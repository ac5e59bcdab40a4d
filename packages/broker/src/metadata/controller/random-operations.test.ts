// Random sequences of operations by seed; after each one, everything that must hold is checked. The
// checks are proved by bugs put in on purpose.

import { expect, test } from 'vitest'
import { type Mutant, RandomCluster } from '../testing/random-cluster.ts'

/** The first violation within so many operations. */
function violationIn(seed: string, steps: number, mutant?: Mutant): string | undefined {
  const cluster = new RandomCluster(seed, mutant)
  for (let i = 0; i < steps; i++) {
    const violation = cluster.step()
    if (violation === undefined) continue
    return `seed ${seed}, step ${i} (${cluster.trace.at(-1)}): ${violation}`
  }
  return undefined
}

test('whatever happens in whatever order, no replica is elected that lacks what was committed', () => {
  for (let seed = 0; seed < 60; seed++) {
    expect(violationIn(`random ${seed}`, 120)).toBe(undefined)
  }
})

test('the same seed gives the same operations and the same metadata', () => {
  const run = () => {
    const cluster = new RandomCluster('twice')
    for (let i = 0; i < 100; i++) cluster.step()
    return JSON.stringify([cluster.trace, cluster.image.toRecords()])
  }
  expect(run()).toBe(run())
})

const mutants: readonly Mutant[] = [
  'fencing leaves the ISR alone',
  'unfencing elects nobody',
  'an unclean restart counts as clean',
  'a lower min.insync.replicas keeps the ELR',
  'a former incarnation counts as the present one',
  'an empty disk counts as the old one',
  'a lost log is told to nobody',
  'a lost log leaves the leader what it knew of it',
]

for (const mutant of mutants) {
  test(`it is noticed when ${mutant}`, () => {
    let caught: string | undefined
    for (let seed = 0; seed < 40 && caught === undefined; seed++) {
      caught = violationIn(`mutant ${seed}`, 120, mutant)
    }
    expect(caught).toBeDefined()
  })
}
