import { expect, test } from 'vitest'
import { javaStringHashCode, shardPartition } from './placement.ts'

// Hashes worked out with Java's definition, s[0]*31^(n-1) + ... + s[n-1] in 32 bits.
const hashes = [
  ['', 0],
  ['a', 97],
  ['ab', 3105],
  ['hello', 99162322],
  // 32 bits wrap around.
  ['consumer-group', javaHash('consumer-group')],
  ['polygenelubricants', -2147483648],
  // UTF-16 units count, not bytes: U+00E9, and a surrogate pair.
  ['é', 233],
  ['😀', 0xd83d * 31 + 0xde00],
] as const

/** The definition once more, in arithmetic that cannot wrap. */
function javaHash(text: string): number {
  let hash = 0n
  for (let i = 0; i < text.length; i++) hash = hash * 31n + BigInt(text.charCodeAt(i))
  return Number(BigInt.asIntN(32, hash))
}

for (const [text, hash] of hashes) {
  test(`the hash of ${JSON.stringify(text)} is Java's`, () => {
    expect(javaStringHashCode(text)).toBe(hash)
    expect(javaHash(text)).toBe(hash)
  })
}

test('a group lives in the partition that Kafka puts it in', () => {
  expect(shardPartition('hello', 50)).toBe(99162322 % 50)
  expect(shardPartition('a', 50)).toBe(47)
  expect(shardPartition('', 50)).toBe(0)
})

test('a negative hash counts by its absolute value', () => {
  const hash = javaHash('group-with-a-negative-hash-4')
  expect(hash).toBeLessThan(0)
  expect(shardPartition('group-with-a-negative-hash-4', 50)).toBe(-hash % 50)
})

test('the hash without a positive counterpart counts as 0', () => {
  expect(shardPartition('polygenelubricants', 50)).toBe(0)
  expect(shardPartition('polygenelubricants', 7)).toBe(0)
})
