// The peer's fault, one level below the frame: a record batch that is not what it claims to be.
// Unlike a frame that cannot be read, it concerns one partition only and has an error code.

import type { ErrorName } from '../errors.ts'

/**
 * CORRUPT_MESSAGE when the bytes may have been damaged under way (lengths, format, checksum):
 * sending them again may help. INVALID_RECORD when they are what their producer made, and wrong.
 * MESSAGE_TOO_LARGE when opening them would pass a bound.
 */
export type RecordsErrorName = Extract<
  ErrorName,
  | 'CORRUPT_MESSAGE'
  | 'INVALID_RECORD'
  | 'INVALID_TIMESTAMP'
  | 'MESSAGE_TOO_LARGE'
  | 'UNSUPPORTED_COMPRESSION_TYPE'
  | 'UNSUPPORTED_FOR_MESSAGE_FORMAT'
>

/** Bytes that are no record batches, or batches whose records cannot be read. */
export class RecordsError extends Error {
  override readonly name = 'RecordsError'
  readonly errorName: RecordsErrorName

  constructor(errorName: RecordsErrorName, message: string, options?: ErrorOptions) {
    super(message, options)
    this.errorName = errorName
  }
}
