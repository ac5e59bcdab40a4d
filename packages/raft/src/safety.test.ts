// Whole clusters in virtual time under faults, by seed: every invariant after every event, then
// progress once everything is healed. SEED=n replays one, SEEDS=n runs many.

import { seeds } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { simulate } from './testing/simulate.ts'

for (const seed of seeds(100)) {
  test(`a cluster under faults stays safe and recovers (SEED=${seed})`, () => {
    const result = simulate({ seed })
    expect(result.committed).toBeGreaterThan(0)
  })
}

test('the same seed gives the same run', () => {
  for (const seed of [3, 4]) expect(simulate({ seed })).toEqual(simulate({ seed }))
})

test('what is rare in one run happens in some of them', () => {
  const total = { committed: 0, elections: 0, reads: 0, installs: 0, truncations: 0, changes: 0 }
  for (let seed = 1; seed <= 20; seed++) {
    const { committed, counts } = simulate({ seed })
    total.committed += committed
    total.elections += counts.elections
    total.reads += counts.reads
    total.installs += counts.installs
    total.truncations += counts.truncations
    total.changes += counts.configurations
  }
  for (const [what, count] of Object.entries(total)) expect(count, what).toBeGreaterThan(3)
})
