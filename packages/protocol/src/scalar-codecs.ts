// Codecs of single values: one shared object per kind, encoding (compact or not) and nullability.

import { assert } from '@klamm/base'
import type { Codec } from './codec.ts'
import { DecodeError } from './decode-error.ts'
import type { Reader } from './reader.ts'
import type { RecordsData, ScalarKind } from './schema.ts'
import type { Writer } from './writer.ts'

const fixed = {
  int8: {
    minBytes: 1,
    read: (reader: Reader) => reader.int8(),
    write: (writer: Writer, value: number) => writer.int8(value),
  },
  int16: {
    minBytes: 2,
    read: (reader: Reader) => reader.int16(),
    write: (writer: Writer, value: number) => writer.int16(value),
  },
  uint16: {
    minBytes: 2,
    read: (reader: Reader) => reader.uint16(),
    write: (writer: Writer, value: number) => writer.int16(value),
  },
  int32: {
    minBytes: 4,
    read: (reader: Reader) => reader.int32(),
    write: (writer: Writer, value: number) => writer.int32(value),
  },
  int64: {
    minBytes: 8,
    read: (reader: Reader) => reader.int64(),
    write: (writer: Writer, value: number) => writer.int64(value),
  },
  int64Clamped: {
    minBytes: 8,
    read: (reader: Reader) => reader.int64Clamped(),
    write: (writer: Writer, value: number) => writer.int64(value),
  },
  bool: {
    minBytes: 1,
    read: (reader: Reader) => reader.bool(),
    write: (writer: Writer, value: boolean) => writer.bool(value),
  },
  uuid: {
    minBytes: 16,
    read: (reader: Reader) => reader.uuid(),
    write: (writer: Writer, value: string) => writer.uuid(value),
  },
} as const

/** Codec of a kind in one encoding. The caller knows the type of the value by the kind. */
export function scalarCodec(
  kind: ScalarKind,
  flexible: boolean,
  nullable: boolean,
): Codec<unknown> {
  switch (kind) {
    case 'string':
      return new StringCodec(flexible, nullable)
    case 'bytes':
      return new BytesCodec(flexible, nullable)
    case 'records':
      return new RecordsCodec(flexible, nullable)
    default:
      return fixed[kind]
  }
}

class StringCodec implements Codec<string | null> {
  readonly minBytes: number
  readonly #flexible: boolean
  readonly #nullable: boolean

  constructor(flexible: boolean, nullable: boolean) {
    this.#flexible = flexible
    this.#nullable = nullable
    this.minBytes = flexible ? 1 : 2
  }

  read(reader: Reader): string | null {
    const length = this.#flexible ? reader.uvarint() - 1 : reader.int16()
    if (length >= 0) return reader.utf8(length)
    if (length === -1 && this.#nullable) return null
    throw new DecodeError(`string of ${length} bytes`, reader.offset)
  }

  write(writer: Writer, value: string | null): void {
    if (value !== null || !this.#nullable) writer.string(value ?? '', this.#flexible)
    else if (this.#flexible) writer.uvarint(0)
    else writer.int16(-1)
  }
}

function readLength(reader: Reader, flexible: boolean, nullable: boolean): number {
  const length = flexible ? reader.uvarint() - 1 : reader.int32()
  if (length >= 0 || (length === -1 && nullable)) return length
  throw new DecodeError(`${length} bytes`, reader.offset)
}

function writeLength(writer: Writer, length: number, flexible: boolean): void {
  if (flexible) writer.uvarint(length + 1)
  else writer.int32(length)
}

class BytesCodec implements Codec<Uint8Array | null> {
  readonly minBytes: number
  readonly #flexible: boolean
  readonly #nullable: boolean

  constructor(flexible: boolean, nullable: boolean) {
    this.#flexible = flexible
    this.#nullable = nullable
    this.minBytes = flexible ? 1 : 4
  }

  read(reader: Reader): Uint8Array | null {
    const length = readLength(reader, this.#flexible, this.#nullable)
    return length < 0 ? null : reader.view(length)
  }

  write(writer: Writer, value: Uint8Array | null): void {
    assert(value !== null || this.#nullable, 'bytes are null only where the version can say so')
    writeLength(writer, value === null ? -1 : value.byteLength, this.#flexible)
    if (value !== null) writer.bytes(value)
  }
}

class RecordsCodec implements Codec<RecordsData> {
  readonly minBytes: number
  readonly #flexible: boolean
  readonly #nullable: boolean

  constructor(flexible: boolean, nullable: boolean) {
    this.#flexible = flexible
    this.#nullable = nullable
    this.minBytes = flexible ? 1 : 4
  }

  read(reader: Reader): RecordsData {
    const length = readLength(reader, this.#flexible, this.#nullable)
    if (length < 0) return null
    return length === 0 ? noChunks : [reader.view(length)]
  }

  write(writer: Writer, chunks: RecordsData): void {
    if (chunks === null) {
      writeLength(writer, -1, this.#flexible)
      return
    }
    let length = 0
    for (let i = 0; i < chunks.length; i++) length += (chunks[i] as Uint8Array).byteLength
    writeLength(writer, length, this.#flexible)
    for (let i = 0; i < chunks.length; i++) writer.bytes(chunks[i] as Uint8Array)
  }
}

const noChunks: readonly Uint8Array[] = Object.freeze([])
