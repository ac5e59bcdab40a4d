// Whole replica sets by seed (testing/simulation.ts), and the proof that they can fail: each known
// bug (testing/mutants.ts) must break a rule within a bounded number of seeds.

import { seeds } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { mutants } from './testing/mutants.ts'
import { Simulation } from './testing/simulation.ts'

for (const seed of seeds(60)) {
  test(`what is committed stays and logs agree, whatever fails (SEED=${seed})`, () => {
    const result = new Simulation(seed).run()
    expect(result.batches).toBeGreaterThan(0)
  })
}

test('a seed is a run', () => {
  for (const seed of [1, 2, 3]) {
    expect(new Simulation(seed).run()).toEqual(new Simulation(seed).run())
  }
})

test('what the rules are about does happen', () => {
  const total = { truncations: 0, restarts: 0, losses: 0, leaderEpochs: 0 }
  for (let seed = 1; seed <= 100; seed++) {
    const result = new Simulation(seed).run()
    total.truncations += result.truncations
    total.restarts += result.restarts
    total.losses += result.losses
    total.leaderEpochs += result.leaderEpochs
  }
  expect(total.truncations).toBeGreaterThan(50)
  expect(total.restarts).toBeGreaterThan(2)
  expect(total.losses).toBeGreaterThan(10)
  expect(total.leaderEpochs).toBeGreaterThan(300)
})

/** The rarest of them is found by one seed in about seventy. */
const maxSeeds = 500

for (const { name, parts } of mutants) {
  test(`the bug ${name} is found`, () => {
    let found: unknown
    for (let seed = 1; seed <= maxSeeds && found === undefined; seed++) {
      try {
        new Simulation(seed, parts).run()
      } catch (error) {
        found = error
      }
    }
    expect(found).toBeInstanceOf(Error)
  })
}
