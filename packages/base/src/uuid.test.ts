// UUID text against Node’s base64url.

import { expect, test } from 'vitest'
import { fromHex } from './bytes.ts'
import { seededRandom } from './random.ts'
import { isUuid, oneUuid, uuidFrom, uuidFromBytes, uuidToBytes, zeroUuid } from './uuid.ts'

test('the reserved ids have their bytes', () => {
  expect(uuidToBytes(zeroUuid)).toEqual(new Uint8Array(16))
  expect(uuidFromBytes(new Uint8Array(16))).toBe(zeroUuid)
  const one = new Uint8Array(16)
  one[15] = 1
  expect(uuidFromBytes(one)).toBe(oneUuid)
})

test('the text is base64url without padding', () => {
  const bytes = fromHex('fbff 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d')
  expect(uuidFromBytes(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
})

test('bytes and text are two forms of the same, at any offset', () => {
  const random = seededRandom(1)
  for (let i = 0; i < 200; i++) {
    const bytes = random.bytes(20)
    const uuid = uuidFromBytes(bytes, 3)
    expect(uuid).toBe(Buffer.from(bytes.subarray(3, 19)).toString('base64url'))
    expect(uuidToBytes(uuid)).toEqual(bytes.slice(3, 19))
  }
})

test('a new id is a UUID of version 4 that no command line takes for an option', () => {
  const random = seededRandom(2)
  const seen = new Set<string>()
  for (let i = 0; i < 2_000; i++) {
    const uuid = uuidFrom(random)
    seen.add(uuid)
    expect(uuid.startsWith('-')).toBe(false)
    const bytes = uuidToBytes(uuid)
    expect((bytes[6] ?? 0) >> 4).toBe(4)
    expect((bytes[8] ?? 0) >> 6).toBe(2)
  }
  expect(seen.size).toBe(2_000)
})

test('text that is no UUID is recognised', () => {
  expect(isUuid(zeroUuid)).toBe(true)
  expect(isUuid('')).toBe(false)
  expect(isUuid(`${zeroUuid}A`)).toBe(false)
  expect(isUuid('AAAAAAAAAAAAAAAAAAAAA=')).toBe(false)
  expect(isUuid('AAAAAAAAAAAAAAAAAAAA+A')).toBe(false)
  // Decodes to the same bytes as the zero id, but is not how they are written.
  expect(isUuid('AAAAAAAAAAAAAAAAAAAAAB')).toBe(false)
  expect(() => uuidToBytes('nonsense')).toThrow('22 characters')
})
