// What the trace hash must tell apart.

import { expect, test } from 'vitest'
import { seededRandom } from './random.ts'
import { RollingHash } from './rolling-hash.ts'

const digestOf = (mix: (hash: RollingHash) => void): string => {
  const hash = new RollingHash()
  mix(hash)
  return hash.digest()
}

test('the same events give the same digest, and reading it does not change it', () => {
  const hash = new RollingHash()
  hash.text('a')
  const early = hash.digest()
  expect(hash.digest()).toBe(early)
  hash.number(1.5)
  expect(hash.digest()).toBe(
    digestOf(other => {
      other.text('a')
      other.number(1.5)
    }),
  )
  expect(early).toMatch(/^[0-9a-f]{16}$/)
})

test('every kind of input and its order count', () => {
  const digests = [
    digestOf(() => {}),
    digestOf(hash => hash.text('ab')),
    digestOf(hash => hash.text('ba')),
    digestOf(hash => [hash.text('a'), hash.text('b')]),
    digestOf(hash => hash.u32(1)),
    digestOf(hash => hash.u32(0x10000)),
    digestOf(hash => hash.number(1)),
    digestOf(hash => hash.number(1.0000001)),
    digestOf(hash => hash.bytes(Uint8Array.of(1))),
    digestOf(hash => hash.bytes(Uint8Array.of(0, 1))),
  ]
  expect(new Set(digests).size).toBe(digests.length)
})

test('a single flipped bit changes the digest, in both halves', () => {
  const random = seededRandom(1)
  const bytes = random.bytes(64)
  const before = digestOf(hash => hash.bytes(bytes))
  for (let i = 0; i < 512; i++) {
    const flipped = bytes.slice()
    flipped[i >> 3] = (flipped[i >> 3] ?? 0) ^ (1 << (i & 7))
    const after = digestOf(hash => hash.bytes(flipped))
    expect(after.slice(0, 8)).not.toBe(before.slice(0, 8))
    expect(after.slice(8)).not.toBe(before.slice(8))
  }
})
