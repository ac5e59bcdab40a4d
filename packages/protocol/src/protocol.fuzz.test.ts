// A bounded part of the fuzzer, by fixed seeds.

import { seededRandom } from '@klamm/base'
import { expect, test } from 'vitest'
import { type FuzzCounts, fuzzOnce } from './protocol.fuzz.ts'

for (const seed of ['a', 'b', 'c']) {
  test(`any bytes are a message or a DecodeError (SEED=${seed})`, () => {
    const random = seededRandom(seed)
    const counts: FuzzCounts = { decoded: 0, refused: 0 }
    for (let i = 0; i < 3000; i++) fuzzOnce(random, counts)
    // Both happen, or the fuzzer tests nothing.
    expect(counts.decoded).toBeGreaterThan(3000)
    expect(counts.refused).toBeGreaterThan(3000)
  })
}
