// Ids in Kafka's text form: 16 bytes as 22 characters of base64url.

import type { Random } from '@klamm/base'

/** What stands for no id. */
export const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** A random id (UUID version 4). Never begins with a dash: command lines would see an option. */
export function newId(random: Random): string {
  for (;;) {
    const bytes = random.bytes(16)
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    const id = idFromBytes(bytes)
    if (!id.startsWith('-')) return id
  }
}

export function idFromBytes(bytes: Uint8Array): string {
  let id = ''
  let bits = 0
  let bitCount = 0
  for (const byte of bytes) {
    bits = (bits << 8) | byte
    bitCount += 8
    while (bitCount >= 6) {
      bitCount -= 6
      id += alphabet[(bits >> bitCount) & 63]
    }
    bits &= (1 << bitCount) - 1
  }
  return bitCount === 0 ? id : id + alphabet[(bits << (6 - bitCount)) & 63]
}

/** True for 22 characters of base64url. */
export function isId(text: string): boolean {
  return /^[A-Za-z0-9_-]{22}$/.test(text)
}
