import { InvariantError } from '@klamm/base'
import { expect, test } from 'vitest'
import { Violation } from './checkers.ts'
import { mutants } from './mutants.ts'
import { Simulation } from './simulation.ts'

const seeds = Array.from({ length: 30 }, (_, seed) => seed)

test.each(seeds)('with seed %i every rule is kept', seed => {
  const simulation = new Simulation({ seed })
  simulation.run()
  expect(simulation.commitCount).toBeGreaterThan(100)
})

test('the same seed gives the same run', () => {
  const runs = [1, 2].map(() => {
    const simulation = new Simulation({ seed: 7 })
    simulation.run()
    return simulation.trace
  })
  expect(runs[0]).toBe(runs[1])
  expect(runs[0]).not.toBe('')
})

test.each(mutants)('somebody notices that $name', ({ rule, options }) => {
  const broken = new Set<string>()
  for (const seed of seeds) {
    try {
      new Simulation({ seed, ...options }).run()
    } catch (error) {
      broken.add(ruleOf(error))
      if (broken.has(rule)) return
    }
  }
  expect([...broken]).toContain(rule)
})

function ruleOf(error: unknown): string {
  if (error instanceof Violation) return error.rule
  if (error instanceof InvariantError) return 'assertion'
  throw error
}
