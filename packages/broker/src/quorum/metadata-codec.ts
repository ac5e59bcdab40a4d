// Metadata records as bytes: the data of a raft entry, and of a snapshot.

import { StorageError } from '@klamm/base/env'
import { Packr } from 'msgpackr'
import {
  batchFromPlain,
  batchToPlain,
  imageFromSnapshot,
  type LogPosition,
  type MetadataImage,
  type MetadataRecord,
} from '../metadata/index.ts'

// Without records: msgpackr would otherwise build readers from strings it was sent.
const packr = new Packr({ useRecords: false, variableMapSize: true })

export function encodeRecords(records: readonly MetadataRecord[]): Uint8Array {
  return packr.pack(batchToPlain(records))
}

/** Throws when the bytes are not what `encodeRecords` made: a broker that cannot read must stop. */
export function decodeRecords(data: Uint8Array): readonly MetadataRecord[] {
  return batchFromPlain(unpack(data))
}

export function encodeImage(image: MetadataImage): Uint8Array {
  return encodeRecords(image.toRecords())
}

export function decodeImage(data: Uint8Array, position: LogPosition): MetadataImage {
  return imageFromSnapshot(decodeRecords(data), position)
}

function unpack(data: Uint8Array): unknown {
  try {
    return packr.unpack(data)
  } catch (cause) {
    throw new StorageError('corrupt', 'an entry of the metadata log is not readable', { cause })
  }
}
