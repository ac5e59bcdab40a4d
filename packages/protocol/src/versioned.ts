// Messages that carry their own version: two bytes in front, then the fields. Subscriptions inside
// JoinGroup and the records of internal topics are such.

import { Buffer } from 'node:buffer'
import { assert } from '@klamm/base'
import { codecOf } from './compile.ts'
import { DecodeError } from './decode-error.ts'
import { Reader } from './reader.ts'
import type { DataSchema, Fields, Message } from './schema.ts'
import { Writer } from './writer.ts'

/** Version and message as one array of bytes. */
export function encodeVersioned<F extends Fields>(
  schema: DataSchema<F>,
  version: number,
  message: Message<F>,
): Uint8Array {
  const [first, last] = schema.versions
  assert(version >= first && version <= last, 'the version is one of the table', () => {
    return `${schema.name} v${version}`
  })
  const writer = new Writer()
  writer.int16(version)
  codecOf(schema.fields, version, version >= schema.flexibleSince).write(writer, message)
  const chunks = writer.finish()
  const only = chunks[0]
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
}

/**
 * What to do with a version newer than the table: `refuse` it, or read it `asLast`, the newest
 * version known, where the format promises that new versions only add fields at the end.
 */
export type NewerVersion = 'refuse' | 'asLast'

/** Bytes after the message are passed over. Throws DecodeError. */
export function decodeVersioned<F extends Fields>(
  schema: DataSchema<F>,
  bytes: Uint8Array,
  newer: NewerVersion,
): Message<F> {
  const reader = new Reader(bytes)
  try {
    const [first, last] = schema.versions
    const told = reader.int16()
    const version = newer === 'asLast' ? Math.min(told, last) : told
    if (version < first || version > last) throw new DecodeError(`version ${told} is not known`, 0)
    return codecOf(schema.fields, version, version >= schema.flexibleSince).read(reader)
  } catch (error) {
    throw error instanceof DecodeError ? error.within(schema.name) : error
  }
}
