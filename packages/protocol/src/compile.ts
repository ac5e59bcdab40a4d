// Makes a codec of a table of fields for one version: a tree of small objects, one per field, made
// once per table and version. Nothing is generated as source text: hosts may forbid `eval`.

import { assert } from '@klamm/base'
import type { Codec } from './codec.ts'
import { DecodeError } from './decode-error.ts'
import type { Reader } from './reader.ts'
import { scalarCodec } from './scalar-codecs.ts'
import {
  defaultsOf,
  type Field,
  type Fields,
  isCarried,
  type Message,
  type Wire,
} from './schema.ts'
import type { Writer } from './writer.ts'

/**
 * The codec of a table in one version. Absent fields are read as their defaults; what the version
 * does not carry is not written.
 */
export function compile<F extends Fields>(
  fields: F,
  version: number,
  flexible: boolean,
): Codec<Message<F>> {
  // The one place where the table's type and the codec meet: a struct codec reads what it says.
  return structCodec(fields, version, flexible) as Codec<Message<F>>
}

const compiled = new WeakMap<Fields, Codec<unknown>[]>()

/** Like `compile`, but made only once per table and version. */
export function codecOf<F extends Fields>(
  fields: F,
  version: number,
  flexible: boolean,
): Codec<Message<F>> {
  let versions = compiled.get(fields)
  if (versions === undefined) {
    versions = []
    compiled.set(fields, versions)
  }
  let codec = versions[version]
  if (codec === undefined) {
    codec = structCodec(fields, version, flexible)
    versions[version] = codec
  }
  return codec as Codec<Message<F>>
}

function codecOfWire(
  wire: Wire,
  version: number,
  flexible: boolean,
  nullable: boolean,
): Codec<unknown> {
  switch (wire.kind) {
    case 'array': {
      const element = codecOfWire(wire.element, version, flexible, false)
      return new ArrayCodec(element, flexible, nullable)
    }
    case 'struct': {
      const codec = structCodec(wire.fields, version, flexible)
      return nullable ? new NullableStructCodec(codec) : codec
    }
    default:
      return scalarCodec(wire.kind, flexible, nullable)
  }
}

function codecOfField(field: Field<unknown>, version: number, flexible: boolean): Codec<unknown> {
  return codecOfWire(field.wire, version, flexible, version >= field.nullableSince)
}

type Struct = Record<string, unknown>

function structCodec(fields: Fields, version: number, flexible: boolean): StructCodec {
  const names: string[] = []
  const codecs: (Codec<unknown> | undefined)[] = []
  const tagged: TaggedField[] = []
  for (const [name, field] of Object.entries(fields)) {
    const carried = isCarried(field, version)
    const codec = carried ? codecOfField(field, version, flexible) : undefined
    names.push(name)
    codecs.push(field.tag === undefined ? codec : undefined)
    if (field.tag === undefined || codec === undefined) continue
    assert(flexible, `tagged field ${name} is carried by flexible versions only`)
    tagged.push({ name, tag: field.tag, codec, default: field.default })
  }
  tagged.sort((a, b) => a.tag - b.tag)
  return new StructCodec(names, codecs, defaultsOf(fields), flexible ? tagged : undefined)
}

interface TaggedField {
  readonly name: string
  readonly tag: number
  readonly codec: Codec<unknown>
  readonly default: unknown
}

class StructCodec implements Codec<Struct> {
  readonly minBytes: number
  readonly #names: readonly string[]
  /** By position in `#names`; undefined for what is not carried or is tagged. */
  readonly #codecs: readonly (Codec<unknown> | undefined)[]
  readonly #defaults: Struct
  /** By ascending tag; undefined when the version is not flexible. */
  readonly #tagged: readonly TaggedField[] | undefined

  constructor(
    names: readonly string[],
    codecs: readonly (Codec<unknown> | undefined)[],
    defaults: Struct,
    tagged: readonly TaggedField[] | undefined,
  ) {
    this.#names = names
    this.#codecs = codecs
    this.#defaults = defaults
    this.#tagged = tagged
    let minBytes = tagged === undefined ? 0 : 1
    for (const codec of codecs) minBytes += codec?.minBytes ?? 0
    this.minBytes = minBytes
  }

  read(reader: Reader): Struct {
    const names = this.#names
    const codecs = this.#codecs
    // Every field is set in the order of the table, so that all structs of a table have one shape.
    const struct: Struct = {}
    let i = 0
    try {
      for (; i < names.length; i++) {
        const name = names[i] as string
        const codec = codecs[i]
        struct[name] = codec === undefined ? this.#defaults[name] : codec.read(reader)
      }
    } catch (error) {
      throw error instanceof DecodeError ? error.within(names[i] ?? '') : error
    }
    if (this.#tagged !== undefined) this.#readTagged(reader, struct, this.#tagged)
    return struct
  }

  write(writer: Writer, struct: Struct): void {
    const names = this.#names
    const codecs = this.#codecs
    for (let i = 0; i < names.length; i++) {
      const codec = codecs[i]
      if (codec !== undefined) codec.write(writer, struct[names[i] as string])
    }
    if (this.#tagged !== undefined) writeTagged(writer, struct, this.#tagged)
  }

  #readTagged(reader: Reader, struct: Struct, tagged: readonly TaggedField[]): void {
    for (let count = reader.uvarint(); count > 0; count--) {
      const tag = reader.uvarint()
      const outerEnd = reader.enter(reader.uvarint())
      const field = tagged.find(candidate => candidate.tag === tag)
      // An unknown tag is from a newer version, which promises that it may be passed over.
      if (field === undefined) reader.skip(reader.remaining)
      else readTaggedField(reader, struct, field)
      reader.leave(outerEnd)
    }
  }
}

function readTaggedField(reader: Reader, struct: Struct, field: TaggedField): void {
  try {
    struct[field.name] = field.codec.read(reader)
  } catch (error) {
    throw error instanceof DecodeError ? error.within(field.name) : error
  }
}

/** Only what differs from its default is written. */
function writeTagged(writer: Writer, struct: Struct, tagged: readonly TaggedField[]): void {
  let count = 0
  for (const field of tagged) if (!isEqual(struct[field.name], field.default)) count += 1
  writer.uvarint(count)
  if (count === 0) return
  for (const field of tagged) {
    const value = struct[field.name]
    if (isEqual(value, field.default)) continue
    writer.uvarint(field.tag)
    const mark = writer.openPart()
    field.codec.write(writer, value)
    writer.closePart(mark)
  }
}

/** Whether a value of a tagged field is its default: scalars, empty arrays, structs of these. */
function isEqual(value: unknown, expected: unknown): boolean {
  if (Object.is(value, expected)) return true
  if (typeof value !== 'object' || typeof expected !== 'object') return false
  if (value === null || expected === null) return false
  if (Array.isArray(value)) {
    return Array.isArray(expected) && value.length === 0 && expected.length === 0
  }
  if (value instanceof Uint8Array) {
    return expected instanceof Uint8Array && value.length === 0 && expected.length === 0
  }
  for (const name in expected) {
    if (!isEqual((value as Struct)[name], (expected as Struct)[name])) return false
  }
  return true
}

/** A byte says whether there is a struct: -1 for null, 1 otherwise. */
class NullableStructCodec implements Codec<Struct | null> {
  readonly minBytes = 1
  readonly #codec: Codec<Struct>

  constructor(codec: Codec<Struct>) {
    this.#codec = codec
  }

  read(reader: Reader): Struct | null {
    return reader.int8() < 0 ? null : this.#codec.read(reader)
  }

  write(writer: Writer, value: Struct | null): void {
    writer.int8(value === null ? -1 : 1)
    if (value !== null) this.#codec.write(writer, value)
  }
}

class ArrayCodec implements Codec<readonly unknown[] | null> {
  readonly minBytes: number
  readonly #element: Codec<unknown>
  readonly #flexible: boolean
  readonly #nullable: boolean

  constructor(element: Codec<unknown>, flexible: boolean, nullable: boolean) {
    this.#element = element
    this.#flexible = flexible
    this.#nullable = nullable
    this.minBytes = flexible ? 1 : 4
  }

  read(reader: Reader): readonly unknown[] | null {
    const start = reader.offset
    const count = this.#flexible ? reader.uvarint() - 1 : reader.int32()
    if (count < 0) {
      if (count === -1 && this.#nullable) return null
      throw new DecodeError(`array of ${count} elements`, start)
    }
    const element = this.#element
    // An element of no bytes at all would let a peer ask for any number of them.
    if (count * Math.max(element.minBytes, 1) > reader.remaining) {
      throw new DecodeError(`array of ${count} elements in ${reader.remaining} bytes`, start)
    }
    const items: unknown[] = []
    try {
      for (let i = 0; i < count; i++) items.push(element.read(reader))
    } catch (error) {
      throw error instanceof DecodeError ? error.within(`[${items.length}]`) : error
    }
    return items
  }

  write(writer: Writer, items: readonly unknown[] | null): void {
    assert(items !== null || this.#nullable, 'an array is null only where the version can say so')
    const count = items === null ? -1 : items.length
    if (this.#flexible) writer.uvarint(count + 1)
    else writer.int32(count)
    if (items === null) return
    const element = this.#element
    for (let i = 0; i < count; i++) element.write(writer, items[i])
  }
}
