// CRC-32C (Castagnoli), the checksum of record batches. A call into native code costs as much as a
// few dozen bytes by table, so short inputs take the table: the result is the same.

import { crc32c as crc32cNative } from '@node-rs/crc32'

export { crc32cNative }

/** From here on native code is faster than the table, call included (the bench `crc`). */
export const minNativeBytes = 64

const table = makeTable()

/**
 * CRC-32C of `bytes`, unsigned. To go on over several chunks give what the previous one returned:
 * crc32c(b, crc32c(a)) is the CRC-32C of a followed by b.
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  if (bytes.length < minNativeBytes) return crc32cByTable(bytes, previous)
  return crc32cNative(bytes, previous)
}

/** The same in plain TypeScript, for any length. */
export function crc32cByTable(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous
  for (let i = 0; i < bytes.length; i++) {
    crc = (table[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}

function makeTable(): Int32Array {
  const reversedPolynomial = 0x82f63b78
  const entries = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1) !== 0 ? (crc >>> 1) ^ reversedPolynomial : crc >>> 1
    }
    entries[byte] = crc
  }
  return entries
}
