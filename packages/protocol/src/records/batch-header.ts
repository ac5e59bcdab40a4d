// The 61 bytes before the records of a batch (format v2, KIP-98), as data. Pure: what decides about
// batches imports only this. Nothing here looks at records.
//
//   0 baseOffset:8   8 batchLength:4  12 partitionLeaderEpoch:4  16 magic:1  17 crc:4
//  21 attributes:2  23 lastOffsetDelta:4  27 baseTimestamp:8  35 maxTimestamp:8
//  43 producerId:8  51 producerEpoch:2  53 baseSequence:4  57 recordCount:4  61 records

/** Where each field begins, in bytes from the start of the batch. */
export const batchField = {
  baseOffset: 0,
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const

/** Bytes of a batch before its records. */
export const batchHeaderBytes = batchField.records

/** Base offset and length: what stands before the bytes that the length counts. */
export const batchPrefixBytes = 12

/** The format with headers, sequences and leader epochs; the only one that is stored. */
export const currentMagic = 2

/** Bits of the attributes of a batch. */
export const batchAttribute = {
  compressionMask: 0x07,
  /** Timestamp type: set for LogAppendTime. */
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  /** The base timestamp is the time from which tombstones may go (KIP-534). */
  deleteHorizon: 0x40,
} as const

/** By their number in the attributes. */
export const compressionNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export type CompressionName = (typeof compressionNames)[number]

export interface BatchHeader {
  /** Offset of the first record the batch was made with; compaction may have removed it. */
  readonly baseOffset: number
  /** As on the wire: without base offset and length. */
  readonly batchLength: number
  /** -1 before a leader has appended it. */
  readonly partitionLeaderEpoch: number
  readonly magic: number
  /** CRC-32C of everything after it, unsigned. */
  readonly crc: number
  /** See `batchAttribute`. */
  readonly attributes: number
  /** Offset of the last record, relative to the base offset. */
  readonly lastOffsetDelta: number
  /** What the timestamps of the records are relative to, in ms. */
  readonly baseTimestamp: number
  /** In ms; -1 when the records have none. */
  readonly maxTimestamp: number
  /** -1 without idempotence. */
  readonly producerId: number
  /** -1 without idempotence. */
  readonly producerEpoch: number
  /** Sequence of the first record; -1 without idempotence. */
  readonly baseSequence: number
  readonly recordCount: number
  /** Of the whole batch: base offset and length included. */
  readonly sizeInBytes: number
}

/**
 * The header of the batch that begins at `at`; at least 61 bytes must be there. Any bytes give a
 * value: `readBatches` is what judges it. An int64 beyond 2^53 comes out inexact, hence unsafe.
 */
export function readBatchHeader(bytes: Uint8Array, at = 0): BatchHeader {
  const batchLength = int32At(bytes, at + batchField.batchLength)
  return {
    baseOffset: int64At(bytes, at + batchField.baseOffset),
    batchLength,
    partitionLeaderEpoch: int32At(bytes, at + batchField.partitionLeaderEpoch),
    magic: (byteAt(bytes, at + batchField.magic) << 24) >> 24,
    crc: int32At(bytes, at + batchField.crc) >>> 0,
    attributes: int16At(bytes, at + batchField.attributes),
    lastOffsetDelta: int32At(bytes, at + batchField.lastOffsetDelta),
    baseTimestamp: int64At(bytes, at + batchField.baseTimestamp),
    maxTimestamp: int64At(bytes, at + batchField.maxTimestamp),
    producerId: int64At(bytes, at + batchField.producerId),
    producerEpoch: int16At(bytes, at + batchField.producerEpoch),
    baseSequence: int32At(bytes, at + batchField.baseSequence),
    recordCount: int32At(bytes, at + batchField.recordCount),
    sizeInBytes: batchPrefixBytes + batchLength,
  }
}

type Attributes = Pick<BatchHeader, 'attributes'>

/** Undefined: a number that no codec has. */
export function compressionOf({ attributes }: Attributes): CompressionName | undefined {
  return compressionNames[attributes & batchAttribute.compressionMask]
}

export function isTransactionalBatch({ attributes }: Attributes): boolean {
  return (attributes & batchAttribute.transactional) !== 0
}

/** Its records are markers for the protocol, not data. */
export function isControlBatch({ attributes }: Attributes): boolean {
  return (attributes & batchAttribute.control) !== 0
}

/** With LogAppendTime every record's timestamp is the batch's max timestamp. */
export function timestampTypeOf({ attributes }: Attributes): 'CreateTime' | 'LogAppendTime' {
  return (attributes & batchAttribute.logAppendTime) !== 0 ? 'LogAppendTime' : 'CreateTime'
}

export function hasDeleteHorizon({ attributes }: Attributes): boolean {
  return (attributes & batchAttribute.deleteHorizon) !== 0
}

/** Inclusive. */
export function lastOffsetOf(header: Pick<BatchHeader, 'baseOffset' | 'lastOffsetDelta'>): number {
  return header.baseOffset + header.lastOffsetDelta
}

/** Sequence of the last record; -1 without idempotence. */
export function lastSequenceOf(
  header: Pick<BatchHeader, 'baseSequence' | 'lastOffsetDelta'>,
): number {
  if (header.baseSequence < 0) return -1
  return addToSequence(header.baseSequence, header.lastOffsetDelta)
}

/** Sequences are int32 and start again at 0 after 2^31 - 1. */
export function addToSequence(sequence: number, count: number): number {
  return (sequence + count) % 0x8000_0000
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw new RangeError(`a batch header does not end at byte ${at}`)
  return byte
}

function int16At(bytes: Uint8Array, at: number): number {
  return ((byteAt(bytes, at) << 24) >> 16) | byteAt(bytes, at + 1)
}

function int32At(bytes: Uint8Array, at: number): number {
  return (int16At(bytes, at) << 16) | (int16At(bytes, at + 2) & 0xffff)
}

function int64At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at) * 0x1_0000_0000 + (int32At(bytes, at + 4) >>> 0)
}
