// Which seeds a randomised test runs with, and how to run a failing one again.
//
//   SEED=17       only this seed
//   SEEDS=500     that many, from 1 on
//   SEEDS=100..199

import { test } from 'vitest'
import { type Random, seededRandom } from '../random.ts'

/** The seeds to run: `count` of them, from 1 on, unless the environment says otherwise. */
export function seeds(count: number): readonly number[] {
  return parseSeeds(process.env.SEED, process.env.SEEDS, count)
}

/** `seeds` as a function of what the environment says. */
export function parseSeeds(
  seed: string | undefined,
  range: string | undefined,
  count: number,
): readonly number[] {
  if (seed !== undefined && seed !== '') return [wholeNumber('SEED', seed)]
  if (range === undefined || range === '') return sequence(1, count)
  const [first = '', last] = range.split('..')
  if (last === undefined) return sequence(1, wholeNumber('SEEDS', first))
  return sequence(wholeNumber('SEEDS', first), wholeNumber('SEEDS', last))
}

/**
 * Registers one test per seed, named `name (SEED=n)`. When one fails, its message begins
 * with how to run it again.
 */
export function seededTest(
  name: string,
  count: number,
  run: (random: Random, seed: number) => void | Promise<void>,
): void {
  for (const seed of seeds(count)) {
    test(`${name} (SEED=${seed})`, async () => {
      await withSeed(seed, random => run(random, seed))
    })
  }
}

/** Runs with the seed's generator; a failure says which seed it was. */
export async function withSeed(
  seed: number,
  run: (random: Random) => void | Promise<void>,
): Promise<void> {
  try {
    await run(seededRandom(seed))
  } catch (error) {
    if (error instanceof Error) error.message = `replay with SEED=${seed}: ${error.message}`
    throw error
  }
}

function sequence(first: number, last: number): readonly number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`${name}=${text} is not a whole number`)
  return Number(text)
}
