import { seededRandom } from '@klamm/base'
import { expect, test } from 'vitest'
import { idFromBytes, isId, newId, zeroId } from './ids.ts'

test('ids are base64url without padding', () => {
  const random = seededRandom('ids')
  for (let i = 0; i < 100; i++) {
    const bytes = random.bytes(16)
    expect(idFromBytes(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
  }
  expect(idFromBytes(new Uint8Array(16))).toBe(zeroId)
})

test('new ids are UUIDs of version 4, all different, and never begin with a dash', () => {
  const random = seededRandom('new ids')
  const ids = Array.from({ length: 1000 }, () => newId(random))
  expect(new Set(ids).size).toBe(1000)
  for (const id of ids) {
    expect(isId(id)).toBe(true)
    expect(id.startsWith('-')).toBe(false)
    const bytes = Buffer.from(id, 'base64url')
    expect((bytes[6] ?? 0) >> 4).toBe(4)
    expect((bytes[8] ?? 0) >> 6).toBe(2)
  }
})

test('anything else is no id', () => {
  for (const text of [
    '',
    'abc',
    `${zeroId}A`,
    'AAAAAAAAAAAAAAAAAAAAA=',
    'AAAAAAAAAAAAAAAAAAAAA/',
  ]) {
    expect(isId(text)).toBe(false)
  }
})
