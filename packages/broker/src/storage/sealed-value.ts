// Small values with a checksum over key and value: a store that reads one knows that it is what was
// written, under the key it was written to. LMDB itself detects no corruption.

import { StorageError } from '@klamm/base/env'
import { crc32c } from '@klamm/protocol'
import { Packr } from 'msgpackr'

// Without records: msgpackr would otherwise build readers from strings it was sent.
const packr = new Packr({ useRecords: false, variableMapSize: true })

const checksumBytes = 4

/** The value packed, with its checksum before it. */
export function seal(key: Uint8Array, value: unknown): Uint8Array {
  const packed = packr.pack(value)
  const sealed = new Uint8Array(checksumBytes + packed.length)
  sealed.set(packed, checksumBytes)
  const view = new DataView(sealed.buffer)
  view.setUint32(0, crc32c(packed, crc32c(key)))
  return sealed
}

/** What was sealed. Throws StorageError `corrupt`, naming `what`, when it is something else. */
export function unseal(key: Uint8Array, sealed: Uint8Array, what: string): unknown {
  if (sealed.length < checksumBytes) throw damaged(what)
  const view = new DataView(sealed.buffer, sealed.byteOffset)
  const packed = sealed.subarray(checksumBytes)
  if (view.getUint32(0) !== crc32c(packed, crc32c(key))) throw damaged(what)
  return packr.unpack(packed)
}

export function damaged(what: string): StorageError {
  return new StorageError('corrupt', `${what} is damaged`)
}
