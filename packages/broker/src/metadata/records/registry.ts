// Metadata records as plain values (arrays of numbers, strings, booleans, null) and back. Turning
// plain values into bytes is the business of the raft driver.

import type { MetadataRecord } from './records.ts'

/** What records are made of in plain form: survives msgpack and JSON unchanged. */
export type Plain = null | boolean | number | string | readonly Plain[]

/** `[type code, version, ...fields]`. */
export function toPlain(_record: MetadataRecord): Plain {
  throw new Error('not implemented')
}

/**
 * The record. Throws InvariantError when the value is not one, of a type or version that this
 * broker does not know included: it must stop rather than go on without a decision of its controller.
 */
export function fromPlain(_value: unknown): MetadataRecord {
  throw new Error('not implemented')
}

/** The records of one raft entry, in plain form. */
export function batchToPlain(records: readonly MetadataRecord[]): Plain {
  return records.map(toPlain)
}

/** Throws InvariantError, see `fromPlain`. */
export function batchFromPlain(_value: unknown): readonly MetadataRecord[] {
  throw new Error('not implemented')
}
