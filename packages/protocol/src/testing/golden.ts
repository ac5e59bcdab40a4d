// Golden bytes of messages, written by hand from the layout rules of the protocol guide, so that a
// bug in the codec cannot hide behind its own inverse.

import { expect, test } from 'vitest'
import { codecOf } from '../compile.ts'
import { DecodeError } from '../decode-error.ts'
import { Reader } from '../reader.ts'
import {
  type ApiSchema,
  type Fields,
  isCarried,
  type Message,
  type RequestOf,
  type ResponseOf,
  type Wire,
} from '../schema.ts'
import { Writer } from '../writer.ts'

/** A UUID whose bytes are 00 to 0f, and those bytes in hex. */
export const sampleUuid = 'AAECAwQFBgcICQoLDA0ODw'
export const uuidHex = '000102030405060708090a0b0c0d0e0f'

/** Bytes by version. Hex digits, text in double quotes as ASCII; blanks mean nothing. */
export type ByVersion = Readonly<Record<number, string>>

/** `0001 "g" 00` is the bytes 00 01 67 00. */
export function bytesOf(golden: string): Uint8Array {
  const hex = golden
    .split('"')
    .map((part, i) => (i % 2 === 0 ? part.replace(/\s/g, '') : Buffer.from(part).toString('hex')))
    .join('')
  const bytes = Buffer.from(hex, 'hex')
  expect(bytes.length * 2).toBe(hex.length)
  return new Uint8Array(bytes)
}

export function requestGoldens<S extends ApiSchema>(
  schema: S,
  message: RequestOf<S>,
  goldens: ByVersion,
): void {
  goldenTests({ schema, side: 'request', message, goldens })
}

export function responseGoldens<S extends ApiSchema>(
  schema: S,
  message: ResponseOf<S>,
  goldens: ByVersion,
): void {
  goldenTests({ schema, side: 'response', message, goldens })
}

interface Goldens {
  readonly schema: ApiSchema
  readonly side: 'request' | 'response'
  readonly message: Message<Fields>
  readonly goldens: ByVersion
}

function goldenTests({ schema, side, message, goldens }: Goldens): void {
  const fields = schema[side]
  for (const [key, golden] of Object.entries(goldens)) {
    const version = Number(key)
    const codec = codecOf(fields, version, version >= schema.flexibleSince)
    const name = `${schema.name} ${side} v${version}`

    test(`${name} has the bytes of the protocol guide`, () => {
      const expected = bytesOf(golden)
      // A buffer of one byte grows at every step.
      const writer = new Writer(1)
      codec.write(writer, message)
      expect(hexOf(writer.finish())).toBe(hexOf([expected]))
      const reader = new Reader(expected)
      expect(codec.read(reader)).toEqual(asCarried(fields, version, message))
      expect(reader.remaining).toBe(0)
    })

    // No bytes, nothing to cut.
    if (golden === '') continue
    test(`${name} cut at any byte is a DecodeError`, () => {
      const whole = bytesOf(golden)
      for (let length = 0; length < whole.byteLength; length++) {
        const cut = whole.slice(0, length)
        expect(() => codec.read(new Reader(cut)), `${length} bytes`).toThrow(DecodeError)
      }
    })
  }
}

/** What is read back: fields that the version does not carry hold their defaults. */
export function asCarried<F extends Fields>(
  fields: F,
  version: number,
  message: Message<F>,
): Message<F> {
  const carried: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    carried[name] = isCarried(field, version)
      ? valueAsCarried(field.wire, version, message[name])
      : field.default
  }
  return carried as Message<F>
}

function valueAsCarried(wire: Wire, version: number, value: unknown): unknown {
  if (value === null) return null
  if (wire.kind === 'struct') return asCarried(wire.fields, version, value as Message<Fields>)
  if (wire.kind !== 'array') return value
  return (value as readonly unknown[]).map(item => valueAsCarried(wire.element, version, item))
}

export function hexOf(chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString('hex')
}
