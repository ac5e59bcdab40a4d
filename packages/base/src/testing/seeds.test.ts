// Which seeds are run.

import { expect, test } from 'vitest'
import { parseSeeds, withSeed } from './seeds.ts'

test('without a wish the seeds count from 1', () => {
  expect(parseSeeds(undefined, undefined, 3)).toEqual([1, 2, 3])
})

test('SEED asks for one, SEEDS for a number or a range', () => {
  expect(parseSeeds('17', '5', 3)).toEqual([17])
  expect(parseSeeds('', '2', 3)).toEqual([1, 2])
  expect(parseSeeds(undefined, '7..9', 3)).toEqual([7, 8, 9])
})

test('nonsense is refused, not taken for no seeds', () => {
  expect(() => parseSeeds('x', undefined, 3)).toThrow('SEED=x')
  expect(() => parseSeeds(undefined, '3..', 3)).toThrow('SEEDS=')
})

test('a failure says how to replay it', async () => {
  const failing = withSeed(42, random => {
    throw new Error(`rolled ${random.below(1)}`)
  })
  await expect(failing).rejects.toThrow('replay with SEED=42: rolled 0')
})
