// Variable-length integers of the wire (KIP-482): seven bits per byte, lowest first, the high bit
// says that another byte follows. Reader and Writer use the unsigned 32-bit form.

/** Longest encoding of a 32-bit value. */
export const maxUvarintBytes = 5

/** How many bytes the unsigned value takes; 0 ≤ value < 2^32. */
export function uvarintByteLength(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  return value < 0x10000000 ? 4 : maxUvarintBytes
}

/** Writes the unsigned value at `offset`, where there must be room; returns the offset after. */
export function putUvarint(bytes: Uint8Array, offset: number, value: number): number {
  let rest = value
  let at = offset
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}
