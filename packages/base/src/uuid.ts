// Kafka's UUIDs (topic ids, directory ids, cluster ids): 16 bytes on the wire, 22 characters of
// unpadded base64url in text. Inside the program a UUID is its text, so it can key a Map.

import { assert } from './assert.ts'
import type { Random } from './random.ts'

/** 22 characters of base64url. */
export type Uuid = string

/** "No id": what the wire carries when there is none. */
export const zeroUuid: Uuid = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Reserved by Kafka for the metadata topic; also "a lost directory" (KIP-858). */
export const oneUuid: Uuid = 'AAAAAAAAAAAAAAAAAAAAAQ'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const values = new Map([...alphabet].map((character, value) => [character, value]))

/** The text of the 16 bytes at `offset`. */
export function uuidFromBytes(bytes: Uint8Array, offset = 0): Uuid {
  assert(bytes.length >= offset + 16, 'a UUID has 16 bytes')
  let text = ''
  for (let i = 0; i < 15; i += 3) {
    const bits = (at(bytes, offset + i) << 16) | (at(bytes, offset + i + 1) << 8)
    text += four(bits | at(bytes, offset + i + 2))
  }
  return text + four(at(bytes, offset + 15) << 16).slice(0, 2)
}

/** The 16 bytes of a UUID. The text must be one: see `isUuid` for text from outside. */
export function uuidToBytes(uuid: Uuid): Uint8Array {
  assert(isUuid(uuid), 'a UUID is 22 characters of base64url', () => uuid)
  const bytes = new Uint8Array(16)
  let bits = 0
  let bitCount = 0
  let next = 0
  for (const character of uuid) {
    bits = ((bits << 6) | (values.get(character) ?? 0)) & 0xffff
    bitCount += 6
    if (bitCount < 8) continue
    bitCount -= 8
    bytes[next++] = (bits >> bitCount) & 0xff
  }
  return bytes
}

/** Whether text from outside is a UUID in the one spelling that `uuidFromBytes` gives. */
export function isUuid(text: string): boolean {
  if (text.length !== 22) return false
  for (const character of text) if (!values.has(character)) return false
  // The last character carries two bits only: another one would be a second spelling.
  return ((values.get(text.slice(-1)) ?? 1) & 0x0f) === 0
}

/**
 * A new random UUID of version 4. Never a reserved one, and never one that starts with `-`, which
 * command lines would take for an option (as Kafka's Uuid.randomUuid).
 */
export function uuidFrom(random: Random): Uuid {
  for (;;) {
    const bytes = random.bytes(16)
    bytes[6] = (at(bytes, 6) & 0x0f) | 0x40
    bytes[8] = (at(bytes, 8) & 0x3f) | 0x80
    const uuid = uuidFromBytes(bytes)
    if (!uuid.startsWith('-')) return uuid
  }
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}

/** 24 bits as four characters. */
function four(bits: number): string {
  return (
    alphabet.charAt(bits >> 18) +
    alphabet.charAt((bits >> 12) & 63) +
    alphabet.charAt((bits >> 6) & 63) +
    alphabet.charAt(bits & 63)
  )
}
