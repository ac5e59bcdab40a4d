// The simulation finds known bugs by itself: those that take few seeds, one of each kind of rule.
// `npm run sim:bugs` tries all of them.

import { expect, test } from 'vitest'
import { simulate } from '../simulation.ts'
import { mutations } from './index.ts'

/** Each is found within 8 seeds; the rest is room for changes that shift the seeds. */
const quicklyFound: ReadonlySet<string> = new Set([
  'rep-truncate-to-hw-diverges',
  'rep-hw-regress-new-leader',
  'rep-hw-without-followers',
  'rep-hw-counts-what-was-sent',
  'rep-ack-before-hw',
  'rep-visible-not-durable',
  'rep-follower-acks-undurable',
  'rep-commits-below-min-isr',
  'rep-acks-after-losing-leadership',
  'isr-restart-keeps-membership',
  'isr-unclean-restart-stays-eligible',
  'idem-no-duplicate-check',
  'idem-duplicate-gets-new-offset',
  'idem-state-lost-on-failover',
  'idem-producer-ids-given-twice',
])
const maxSeeds = 30

const quick = mutations.filter(({ name }) => quicklyFound.has(name))

test('the quick ones are in the bank', () => {
  expect(quick).toHaveLength(quicklyFound.size)
})

test.each(quick)('a cluster with the bug $name is found out', async ({ apply }) => {
  const undo = apply()
  try {
    for (let seed = 1; seed <= maxSeeds; seed++) {
      const { failure } = await simulate({ seed, durationMs: 15_000 })
      if (failure !== undefined) return
    }
  } finally {
    undo()
  }
  expect.fail(`no failure in ${maxSeeds} seeds`)
})

test('what was changed is taken back', async () => {
  for (const { apply } of mutations) apply()()
  const { failure, acks } = await simulate({ seed: 1, durationMs: 2_000 }).then(result => ({
    failure: result.failure,
    acks: result.acked,
  }))
  expect(failure).toBeUndefined()
  expect(acks).toBeGreaterThan(0)
})
