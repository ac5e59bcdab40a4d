// What a produced batch must satisfy before it gets offsets, judged by its header alone. The driver
// has checked the CRC; records are opened only where the verdict asks for it.

import type { ErrorName } from '@klamm/protocol/errors'
import type { BatchHeader } from './batch.ts'

export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

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
  /** A coordinator may write control batches; it is trusted to write what it may. */
  readonly origin: 'client' | 'coordinator'
  readonly logEndOffset: number
  readonly wallMs: number
  /** False for Produce below v7 (KIP-110). */
  readonly zstdIsAllowed: boolean
}

/** Why records have to be looked at before the append. */
export interface DeepInspection {
  /** Every record needs a key, else INVALID_RECORD. */
  readonly keys: boolean
  /** No record may have a timestamp (other than -1) before it, else INVALID_TIMESTAMP. */
  readonly minTimestamp: number | undefined
  /** The batch is to be compressed anew with this. */
  readonly recompressTo: CompressionName | undefined
}

export interface AcceptedAppend {
  readonly kind: 'accepted'
  readonly baseOffset: number
  /** Inclusive. */
  readonly lastOffset: number
  /**
   * With LogAppendTime: what all records get, and thus the max timestamp and the timestamp type in
   * the header, under a new CRC. Undefined: the batch keeps its timestamps.
   */
  readonly logAppendTimeMs: number | undefined
  /** Undefined: the header has told everything; the bytes are stored as they came. */
  readonly needsDeepInspection: DeepInspection | undefined
}

export interface RejectedAppend {
  readonly kind: 'rejected'
  readonly error: ErrorName
  readonly message: string
}

/**
 * Judges what one partition of a Produce request carries. A client sends exactly one batch per
 * partition since Produce v3; `headers` has one for each batch found in the records.
 */
export declare function validateAppend(
  headers: readonly BatchHeader[],
  context: AppendContext,
): AcceptedAppend | RejectedAppend
