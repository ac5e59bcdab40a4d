// What a compiled piece of a message is: it reads and writes one value.

import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

export interface Codec<T> {
  /** Throws DecodeError when the bytes are no such value. */
  read(reader: Reader): T
  /** `value` is trusted: an impossible one is an InvariantError. */
  write(writer: Writer, value: T): void
  /** Least number of bytes that a value takes: bounds how many an array can hold. */
  readonly minBytes: number
}
