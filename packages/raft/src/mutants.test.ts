// The checker proves something only if it notices what is wrong: each known bug, put into the real
// code one at a time, must be found within a bounded number of seeds.

import { InvariantError, seededRandom } from '@klamm/base'
import { describe, expect, test } from 'vitest'
import { raftConfig } from './config.ts'
import type { Packet } from './message.ts'
import { RaftNode } from './raft-node.ts'
import { type Rules, soundRules } from './rules.ts'
import { testVoter } from './testing/ids.ts'
import { type Mutant, mutants } from './testing/mutants.ts'
import { simulate } from './testing/simulate.ts'
import { Violation } from './testing/violation.ts'
import { bootstrapState, type Entry, type PersistedState } from './types.ts'

/** Rare ones take a few hundred, and another few hundred after a change of the code. */
const seedsMax = 1000

describe('the simulation finds a node that', () => {
  for (const [name, mutant] of Object.entries(mutants)) {
    test(`${name}: ${mutant.about}`, { timeout: 60_000 }, () => {
      expect(firstFailure(mutant)).toBeDefined()
    })
  }
})

/** The first seed that fails, and how. */
function firstFailure(mutant: Mutant): string | undefined {
  const { about: _, fromSeed = 1, ...changes } = mutant
  for (let seed = fromSeed; seed < fromSeed + seedsMax; seed++) {
    try {
      simulate({ seed, ...changes })
    } catch (error) {
      if (error instanceof Violation || error instanceof InvariantError) return error.message
      throw error
    }
  }
  return undefined
}

test('a follower commits only what the message proves, not all that its leader committed', () => {
  expect(commitAfterShortAppend(soundRules)).toBe(2)
  const careless = {
    ...soundRules,
    followerCommit: (leader: number, _proven: number, last: number) => Math.min(leader, last),
  }
  expect(commitAfterShortAppend(careless)).toBe(3)
})

/** A follower with a foreign third entry hears that three are committed, and gets two of them. */
function commitAfterShortAppend(rules: Rules): number {
  const entry = (index: number, term: number): Entry => ({ kind: 'noop', index, term })
  const voters = [testVoter(1), testVoter(2), testVoter(3)]
  const state: PersistedState = {
    ...bootstrapState({ voters }),
    hardState: { term: 2, votedFor: undefined },
    entries: [entry(1, 1), entry(2, 1), entry(3, 2)],
  }
  const options = { id: testVoter(1), config: raftConfig(), state, nowMs: 0 }
  const node = new RaftNode({ ...options, random: seededRandom(1) }, rules)
  const packet: Packet = {
    from: testVoter(2),
    to: testVoter(1),
    message: {
      kind: 'append',
      term: 3,
      prevIndex: 1,
      prevTerm: 1,
      commit: 3,
      entries: [entry(2, 1)],
    },
  }
  node.step(packet, 0)
  return node.status().commitIndex
}
