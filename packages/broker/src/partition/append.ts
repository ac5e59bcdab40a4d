// One append on the leader: from the bytes of a Produce request (or of a coordinator) to a batch in
// the log. Everything happens before the first await, so appends keep the order of their requests.

import {
  type BatchHeader,
  isTransactionalBatch,
  patchBatchStart,
  type RecordError,
  RecordsError,
  readBatches,
  stampLogAppendTime,
  verifyCrc,
} from '@klamm/protocol'
import type { ErrorName } from '@klamm/protocol/errors'
import type { PartitionLeader } from '../replica/index.ts'
import { validateAppend } from '../replica/index.ts'
import { inspectRecords } from './inspect-records.ts'
import type { Partition } from './partition.ts'

export interface AppendOptions {
  /** -1, 0 or 1, as in Produce. */
  readonly acks: number
  readonly origin: 'client' | 'coordinator'
  readonly zstdIsAllowed: boolean
  readonly wallMs: number
}

export interface Appended {
  readonly error: 'NONE'
  readonly baseOffset: number
  /** Exclusive: the answer waits for this to be committed, or durable. */
  readonly endOffset: number
  /** -1 with CreateTime. */
  readonly logAppendTimeMs: number
}

export interface NotAppended {
  readonly error: Exclude<ErrorName, 'NONE'>
  readonly message: string
  /** Records at fault, when it is known. */
  readonly recordErrors: readonly RecordError[]
}

export type AppendOutcome = Appended | NotAppended

/** Appends what a client produced, if it is right. The bytes are changed in place and kept. */
export function appendProduced(
  partition: Partition,
  records: Uint8Array,
  options: AppendOptions,
): AppendOutcome {
  const { leader } = partition
  if (leader === undefined) return refused('NOT_LEADER_OR_FOLLOWER', 'another broker leads')
  try {
    return append(partition, leader, records, options)
  } catch (error) {
    if (!(error instanceof RecordsError)) throw error
    return refused(error.errorName, error.message)
  }
}

function append(
  partition: Partition,
  leader: PartitionLeader,
  records: Uint8Array,
  options: AppendOptions,
): AppendOutcome {
  const { log, config } = partition
  const minIsrError = leader.appendError(options.acks)
  if (minIsrError !== 'NONE') return refused(minIsrError, 'the ISR is below min.insync.replicas')
  if (options.origin === 'client' && partition.isDiskBehind) {
    return refused('KAFKA_STORAGE_ERROR', 'the disk is slower than the producers')
  }
  const headers = readBatches(records)
  const verdict = validateAppend(headers, {
    rules: config,
    origin: options.origin,
    logEndOffset: log.logEndOffset,
    wallMs: options.wallMs,
    zstdIsAllowed: options.zstdIsAllowed,
  })
  if (verdict.kind === 'rejected') return refused(verdict.error, verdict.message)
  const header = headers[0]
  if (header === undefined) return refused('INVALID_RECORD', 'there is no batch')
  if (options.origin === 'client' && isTransactionalBatch(header)) {
    // There are no transactions yet that could end: it would stay open for ever.
    return refused('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'transactions are not offered')
  }
  if (!verifyCrc(records, 0)) return refused('CORRUPT_MESSAGE', 'the checksum does not match')
  let batch = records
  if (verdict.needsDeepInspection !== undefined) {
    const inspected = inspectRecords(records, header, verdict.needsDeepInspection)
    if (inspected.kind === 'rejected') return inspected
    batch = inspected.batch
  }
  const known = checkProducer(partition, header)
  if (known !== undefined) return known
  const { baseOffset, lastOffset, logAppendTimeMs } = verdict
  if (logAppendTimeMs !== undefined) stampLogAppendTime(batch, logAppendTimeMs)
  const stored = patchBatchStart(batch, baseOffset, leader.leaderEpoch)
  log.append(batch, stored)
  partition.leaderAppended(leader)
  return {
    error: 'NONE',
    baseOffset,
    endOffset: lastOffset + 1,
    logAppendTimeMs: logAppendTimeMs ?? -1,
  }
}

/** Undefined: append it. A retry is answered with what the first try was given (IDEM-2). */
function checkProducer(partition: Partition, header: BatchHeader): AppendOutcome | undefined {
  if (header.producerId < 0) return undefined
  const verdict = partition.log.producers.check({
    producerId: header.producerId,
    producerEpoch: header.producerEpoch,
    baseSequence: header.baseSequence,
    lastOffsetDelta: header.lastOffsetDelta,
    isTransactional: isTransactionalBatch(header),
  })
  switch (verdict.kind) {
    case 'accept':
      return undefined
    case 'duplicate':
      return {
        error: 'NONE',
        baseOffset: verdict.baseOffset,
        endOffset: verdict.lastOffset + 1,
        logAppendTimeMs:
          partition.config.messageTimestampType === 'LogAppendTime' ? verdict.timestamp : -1,
      }
    case 'error':
      return refused(
        verdict.error,
        `producer ${header.producerId}, sequence ${header.baseSequence}`,
      )
  }
}

function refused(error: ErrorName, message: string): NotAppended {
  if (error === 'NONE') throw new RangeError('a refusal has an error')
  return { error, message, recordErrors: [] }
}
