// One batch in an index, in memory and on disk: 72 bytes, read and written as numbers in place, so
// that an index of millions of batches is a few arrays and is rebuilt by copying.
//
//   bytes  0  baseOffset f64      8 maxTimestamp f64   16 producerId f64
//         24  memory: sequence f64, the key of the value that holds the batch; -1 before it has one
//             disk:   log number u32, kind u32
//         32  lastOffsetDelta i32  36 leaderEpoch i32    40 size u32        44 crc u32
//         48  offsetInValue u32    52 memory: segment id u32; disk: which value of the commit u32
//         56  baseSequence i32     60 producerEpoch i32  64 attributes i32  68 recordCount i32
//
// Numbers are in the byte order of the machine, as everything in an LMDB file is. The crc is the
// batch's own: it covers all but the first 21 bytes, and those are compared with the row.

import { StorageError } from '@klamm/base/env'
import {
  batchField,
  batchHeaderBytes,
  crc32c,
  currentMagic,
  readBatchHeader,
} from '@klamm/protocol'

export const rowBytes = 72
export const rowDoubles = rowBytes / 8
export const rowWords = rowBytes / 4

/** Indexes into the doubles of a row. */
export const rowDouble = {
  baseOffset: 0,
  maxTimestamp: 1,
  producerId: 2,
  sequence: 3,
} as const

/** Indexes into the 32-bit words of a row. */
export const rowWord = {
  logNumber: 6,
  kind: 7,
  lastOffsetDelta: 8,
  leaderEpoch: 9,
  size: 10,
  crc: 11,
  offsetInValue: 12,
  segmentId: 13,
  valueIndex: 13,
  baseSequence: 14,
  producerEpoch: 15,
  attributes: 16,
  recordCount: 17,
} as const

/** What a row says a batch must be. */
export interface ExpectedBatch {
  readonly baseOffset: number
  readonly leaderEpoch: number
  readonly size: number
  readonly crc: number
}

/** Where the bytes that the crc covers begin. */
const checkedFrom = batchField.attributes

/** Throws StorageError `corrupt` unless the bytes are the batch that was appended (STO-2). */
export function verifyBatch(bytes: Uint8Array, expected: ExpectedBatch, where: string): void {
  const { baseOffset, leaderEpoch, size, crc } = expected
  if (bytes.length === size && size >= batchHeaderBytes) {
    const header = readBatchHeader(bytes)
    const isSame =
      header.baseOffset === baseOffset &&
      header.sizeInBytes === size &&
      header.partitionLeaderEpoch === leaderEpoch &&
      header.magic === currentMagic &&
      header.crc === crc
    if (isSame && crc32c(bytes.subarray(checkedFrom)) === crc) return
  }
  throw new StorageError('corrupt', `the batch at offset ${baseOffset} of ${where} is damaged`)
}
