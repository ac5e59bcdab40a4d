// Randomness that nobody can predict at start-up: a fast generator seeded by the operating system.

import { randomBytes } from 'node:crypto'
import { type Random, seededRandom } from '../random.ts'

/** A new generator, different in each process. Not for secrets: those come from node:crypto. */
export function systemRandom(): Random {
  return seededRandom(randomBytes(16).toString('hex'))
}
