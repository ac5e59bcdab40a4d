// What a produced batch must satisfy before it gets offsets, judged by its header alone. The driver
// has checked the CRC; records are opened only where the verdict asks for it.

import { assert } from '@klamm/base'
import {
  type BatchHeader,
  batchAttribute,
  batchHeaderBytes,
  type CompressionName,
  compressionOf,
  isControlBatch,
  isTransactionalBatch,
} from '@klamm/protocol/batch-header'
import type { ErrorName } from '@klamm/protocol/errors'

/** The smallest record: length, attributes, two deltas, no key, no value, no headers. */
const minRecordBytes = 7

/** The configs of a topic that concern an append. */
export interface AppendRules {
  /** max.message.bytes, of a batch as a whole. */
  readonly maxMessageBytes: number
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime'
  /** message.timestamp.before.max.ms: how far in the past, in ms. */
  readonly messageTimestampBeforeMaxMs: number
  /** message.timestamp.after.max.ms: how far in the future, in ms. */
  readonly messageTimestampAfterMaxMs: number
  readonly compressionType: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  /** cleanup.policy has compact: every record needs a key. */
  readonly isCompacted: boolean
}

export interface AppendContext {
  readonly rules: AppendRules
  /** A coordinator may write control batches, and transactional ones without sequences. */
  readonly origin: 'client' | 'coordinator'
  /** Where the batch goes. */
  readonly logEndOffset: number
  readonly wallMs: number
  /** False for Produce below v7 (KIP-110). */
  readonly zstdIsAllowed: boolean
}

/** What only the records can tell, or have to be opened for. */
export interface DeepInspection {
  /** Every record needs a key, else INVALID_RECORD. */
  readonly keys: boolean
  /** A record with an earlier timestamp (other than -1) is INVALID_TIMESTAMP. */
  readonly minTimestamp: number | undefined
  /** The batch is to be compressed anew with this; it may then exceed max.message.bytes. */
  readonly recompressTo: CompressionName | undefined
}

export interface AcceptedAppend {
  readonly kind: 'accepted'
  readonly baseOffset: number
  /** Inclusive. */
  readonly lastOffset: number
  /**
   * With LogAppendTime: the timestamp of all records, hence the max timestamp, with the timestamp
   * type set, under a new CRC. Undefined: the batch keeps its timestamps.
   */
  readonly logAppendTimeMs: number | undefined
  /** Undefined: the header has told everything; the bytes are stored as they came. */
  readonly needsDeepInspection: DeepInspection | undefined
}

export interface RejectedAppend {
  readonly kind: 'rejected'
  readonly error: ErrorName
  /** For humans; goes back with Produce v8 and later. */
  readonly message: string
}

/**
 * Judges what one partition of a Produce request carries: exactly one batch per partition since
 * Produce v3. `headers` has one for each batch found in the records.
 */
export function validateAppend(
  headers: readonly BatchHeader[],
  context: AppendContext,
): AcceptedAppend | RejectedAppend {
  const [header] = headers
  if (header === undefined || headers.length > 1) {
    return rejected('INVALID_RECORD', `one batch per partition is expected, not ${headers.length}`)
  }
  return (
    problemWithShape(header) ??
    problemWithOrigin(header, context) ??
    problemWithCompression(header, context) ??
    problemWithTimestamps(header, context) ??
    acceptedAppend(header, context)
  )
}

/** What no batch may be like, whatever the topic: claims of a client about its bytes. */
function problemWithShape(header: BatchHeader): RejectedAppend | undefined {
  const { magic, recordCount, lastOffsetDelta, sizeInBytes } = header
  if (magic !== 2) return rejected('INVALID_RECORD', `batch format ${magic} is not supported`)
  if (recordCount <= 0) return rejected('INVALID_RECORD', `${recordCount} records in a batch`)
  if (lastOffsetDelta !== recordCount - 1) {
    const message = `${recordCount} records cannot end at offset delta ${lastOffsetDelta}`
    return rejected('INVALID_RECORD', message)
  }
  // Otherwise a few bytes could use up the offsets of a partition.
  const isPlain = compressionOf(header) === 'none'
  if (isPlain && sizeInBytes < batchHeaderBytes + recordCount * minRecordBytes) {
    return rejected('INVALID_RECORD', `${recordCount} records do not fit in ${sizeInBytes} bytes`)
  }
  return undefined
}

function problemWithOrigin(
  header: BatchHeader,
  { origin, rules }: AppendContext,
): RejectedAppend | undefined {
  const { producerId, producerEpoch, baseSequence, attributes, sizeInBytes } = header
  if (sizeInBytes > rules.maxMessageBytes) {
    const message = `${sizeInBytes} bytes exceed max.message.bytes=${rules.maxMessageBytes}`
    return rejected('MESSAGE_TOO_LARGE', message)
  }
  if (origin === 'coordinator') return undefined
  if (isControlBatch(header)) {
    return rejected('INVALID_RECORD', 'clients do not write control batches')
  }
  if ((attributes & batchAttribute.deleteHorizon) !== 0) {
    return rejected('INVALID_RECORD', 'clients do not set delete horizons')
  }
  if (producerId < 0) {
    const isPlain = producerId === -1 && !isTransactionalBatch(header)
    return isPlain ? undefined : rejected('INVALID_RECORD', `producer id ${producerId}`)
  }
  if (producerEpoch < 0) return rejected('INVALID_RECORD', `producer epoch ${producerEpoch}`)
  if (baseSequence < 0) return rejected('INVALID_RECORD', `base sequence ${baseSequence}`)
  return undefined
}

function problemWithCompression(
  header: BatchHeader,
  { zstdIsAllowed }: AppendContext,
): RejectedAppend | undefined {
  const compression = compressionOf(header)
  if (compression === undefined) {
    return rejected('UNSUPPORTED_COMPRESSION_TYPE', 'unknown compression type')
  }
  if (compression === 'zstd' && !zstdIsAllowed) {
    return rejected('UNSUPPORTED_COMPRESSION_TYPE', 'zstd needs Produce v7')
  }
  return undefined
}

/**
 * The first record's timestamp and the greatest one are in the header; the smallest one is not, see
 * `DeepInspection`. A timestamp of -1 stands for none.
 */
function problemWithTimestamps(
  header: BatchHeader,
  { origin, rules, wallMs }: AppendContext,
): RejectedAppend | undefined {
  if (origin === 'client' && (header.attributes & batchAttribute.logAppendTime) !== 0) {
    return rejected('INVALID_TIMESTAMP', 'producers do not set the timestamp type LogAppendTime')
  }
  if (rules.messageTimestampType === 'LogAppendTime') return undefined
  const { baseTimestamp, maxTimestamp } = header
  if (maxTimestamp > wallMs + rules.messageTimestampAfterMaxMs) {
    const message = `timestamp ${maxTimestamp} is too far in the future of ${wallMs}`
    return rejected('INVALID_TIMESTAMP', message)
  }
  if (baseTimestamp >= 0 && baseTimestamp < wallMs - rules.messageTimestampBeforeMaxMs) {
    const message = `timestamp ${baseTimestamp} is too far in the past of ${wallMs}`
    return rejected('INVALID_TIMESTAMP', message)
  }
  return undefined
}

function acceptedAppend(header: BatchHeader, context: AppendContext): AcceptedAppend {
  const { rules, logEndOffset, wallMs } = context
  const lastOffset = logEndOffset + header.lastOffsetDelta
  assert(Number.isSafeInteger(lastOffset), 'offsets are exact')
  return {
    kind: 'accepted',
    baseOffset: logEndOffset,
    lastOffset,
    logAppendTimeMs: rules.messageTimestampType === 'LogAppendTime' ? wallMs : undefined,
    needsDeepInspection: deepInspection(header, context),
  }
}

function deepInspection(header: BatchHeader, context: AppendContext): DeepInspection | undefined {
  const { rules, origin, wallMs } = context
  // A coordinator's records are well formed; its control batches are never opened.
  if (origin === 'coordinator') return undefined
  const earliest = wallMs - rules.messageTimestampBeforeMaxMs
  const isBounded = rules.messageTimestampType === 'CreateTime' && earliest > 0
  const recompressTo = recompression(header, rules)
  if (!rules.isCompacted && !isBounded && recompressTo === undefined) return undefined
  return { keys: rules.isCompacted, minTimestamp: isBounded ? earliest : undefined, recompressTo }
}

function recompression(header: BatchHeader, rules: AppendRules): CompressionName | undefined {
  const { compressionType } = rules
  if (compressionType === 'producer') return undefined
  const wanted = compressionType === 'uncompressed' ? 'none' : compressionType
  return compressionOf(header) === wanted ? undefined : wanted
}

function rejected(error: ErrorName, message: string): RejectedAppend {
  return { kind: 'rejected', error, message }
}
