// Records of the protocol among the records of a log: the marker that ends a transaction in a
// partition (KIP-98). A marker is alone in a control batch. Readers skip kinds they do not know.

import { Buffer } from 'node:buffer'
import { BatchBuilder } from './batch-builder.ts'
import type { BatchHeader } from './batch-header.ts'
import { openRecords } from './record-iterator.ts'
import { RecordsError } from './records-error.ts'

/** Types in the key of a control record. */
export const controlRecordType = {
  abort: 0,
  commit: 1,
  leaderChange: 2,
  snapshotHeader: 3,
  snapshotFooter: 4,
  kraftVersion: 5,
  kraftVoters: 6,
} as const

export interface EndTransactionMarker {
  readonly isCommit: boolean
  /** Of the transaction coordinator that wrote it: fences an older one. */
  readonly coordinatorEpoch: number
}

export interface MarkerBatch extends EndTransactionMarker {
  readonly producerId: number
  readonly producerEpoch: number
  /** In ms. */
  readonly timestamp: number
  readonly baseOffset?: number | undefined
  readonly partitionLeaderEpoch?: number | undefined
}

const keyBytes = 4
const valueBytes = 6

/** A control batch with one marker; without a sequence, as markers have none. */
export function markerBatch(marker: MarkerBatch): Uint8Array {
  const { abort, commit } = controlRecordType
  const key = Buffer.alloc(keyBytes)
  key.writeInt16BE(marker.isCommit ? commit : abort, 2)
  const value = Buffer.alloc(valueBytes)
  value.writeInt32BE(marker.coordinatorEpoch, 2)
  const builder = new BatchBuilder({ initialBytes: 128 })
  builder.append({ key, value, timestamp: marker.timestamp })
  return builder.build({
    baseOffset: marker.baseOffset,
    partitionLeaderEpoch: marker.partitionLeaderEpoch,
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    isTransactional: true,
    isControl: true,
  })
}

/**
 * The marker in a control batch; undefined when it is a control record of another kind. Throws
 * RecordsError when it is no control record.
 */
export function readMarker(
  batch: Uint8Array,
  header: BatchHeader,
): EndTransactionMarker | undefined {
  const cursor = openRecords(batch, header)
  if (!cursor.next()) throw new RecordsError('INVALID_RECORD', 'a control batch without a record')
  return endTransactionMarkerOf(cursor.key, cursor.value)
}

/** The same from the record's key and value. */
export function endTransactionMarkerOf(
  key: Uint8Array | null,
  value: Uint8Array | null,
): EndTransactionMarker | undefined {
  if (key === null || key.length < keyBytes) {
    throw new RecordsError('INVALID_RECORD', 'a control record without version and type')
  }
  const { abort, commit } = controlRecordType
  const type = new DataView(key.buffer, key.byteOffset).getInt16(2)
  if (type !== abort && type !== commit) return undefined
  // Later versions may append to the value; version 0 is its beginning.
  if (value === null || value.length < valueBytes) {
    throw new RecordsError('INVALID_RECORD', 'an end-transaction marker without its epoch')
  }
  const coordinatorEpoch = new DataView(value.buffer, value.byteOffset).getInt32(2)
  return { isCommit: type === commit, coordinatorEpoch }
}
