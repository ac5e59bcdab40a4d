// What the language leaves out for Uint8Array: order, equality, joining, and text for people.

import { assert } from './assert.ts'

/** Bytewise order, a prefix first: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Sum of the lengths. */
export function totalBytes(parts: readonly Uint8Array[]): number {
  let length = 0
  for (const part of parts) length += part.length
  return length
}

/** The parts joined, always in new memory. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts
  // Not `slice`: that of a Buffer is a view.
  if (parts.length === 1 && first !== undefined) return new Uint8Array(first)
  const joined = new Uint8Array(totalBytes(parts))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

const hexDigits = '0123456789abcdef'

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += hexDigits.charAt(byte >> 4) + hexDigits.charAt(byte & 15)
  return text
}

/** Spaces are ignored. The text must be hexadecimal: it comes from tests and tools, not peers. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, '').toLowerCase()
  assert(digits.length % 2 === 0 && /^[0-9a-f]*$/.test(digits), 'pairs of hexadecimal digits')
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  }
  return bytes
}

/**
 * Bytes as a line of ASCII, everything else escaped (`\x00`), cut after `maxBytes` with the full
 * length behind it. For logs, traces and test output.
 */
export function readableBytes(bytes: Uint8Array, maxBytes = 64): string {
  let text = ''
  for (const byte of bytes.subarray(0, maxBytes)) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c
    text += isPlain ? String.fromCharCode(byte) : `\\x${toHex(Uint8Array.of(byte))}`
  }
  return bytes.length > maxBytes ? `${text}… (${bytes.length} bytes)` : text
}
