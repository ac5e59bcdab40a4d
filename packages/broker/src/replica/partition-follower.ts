// A follower of one partition during one leader epoch: what to ask the leader, what to do with its
// answer, which high watermark to adopt and when.

import { assert } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import type { EpochCache, EpochEnd } from './epoch-cache.ts'
import { truncationOffset } from './truncation.ts'
import { checkLogOffsets, type LogOffsets } from './watermarks.ts'

export interface FollowerOptions {
  readonly leaderEpoch: number
  readonly offsets: LogOffsets
  /** The log's own cache, one object for its life and cut when the log is; only read here. */
  readonly epochs: EpochCache
  /**
   * The partition may have lost committed records by an unclean election: the follower then gives
   * up what the leader lacks, even below its own high watermark. Else it fails rather than do so.
   */
  readonly lossIsAccepted: boolean
}

/** What to ask of the leader for this partition. */
export interface FollowerFetch {
  readonly fetchOffset: number
  /** Epoch of the record before `fetchOffset`; -1: none is known. */
  readonly lastFetchedEpoch: number
  readonly currentLeaderEpoch: number
  readonly logStartOffset: number
}

/** The part of a Fetch response for this partition. */
export interface FetchedPartition {
  readonly error: ErrorName
  /** -1 when the leader does not tell. */
  readonly highWatermark: number
  /** -1 when the leader does not tell. */
  readonly logStartOffset: number
  readonly divergingEpoch: EpochEnd | undefined
  /** The batches in order: their headers only; the driver has checked their CRCs. */
  readonly batches: readonly ReplicatedBatch[]
}

/** What the follower looks at in a batch of its leader. */
export interface ReplicatedBatch {
  readonly baseOffset: number
  readonly lastOffsetDelta: number
  readonly partitionLeaderEpoch: number
}

/**
 * What the driver does with the answer:
 * - `append` the first `batchCount` batches, then call `appended` and, once flushed, `durable`;
 * - `truncate` the log durably to `toOffset`, then call `truncated`;
 * - `restart`: drop the whole log, let it begin at `logStartOffset`, then call `restarted`;
 * - `append` with `restartAt`: the same, with the first batch's base offset, then append (its
 *   records before the leader's log start offset stay invisible);
 * - `idle`: nothing to do, ask again; `ignored`: the answer to a question of the past;
 * - `retry`: ask again after the back-off; `fail`: stop following, an operator has to look.
 */
export type FollowerAction =
  | { readonly kind: 'append'; readonly batchCount: number; readonly restartAt: number | undefined }
  | { readonly kind: 'truncate'; readonly toOffset: number }
  | { readonly kind: 'restart'; readonly logStartOffset: number }
  | { readonly kind: 'idle' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'retry'; readonly error: ErrorName }
  | { readonly kind: 'fail'; readonly reason: string }

export type FollowerState = 'fetching' | 'appending' | 'truncating' | 'failed'

/** What the driver has to do or tell next, in this order. */
export type FollowerEffect =
  | { readonly kind: 'highWatermarkAdvanced'; readonly highWatermark: number }
  /** Records before it may go, as they have at the leader. */
  | { readonly kind: 'logStartAdvanced'; readonly logStartOffset: number }

const idle: FollowerAction = { kind: 'idle' }
const ignored: FollowerAction = { kind: 'ignored' }

/**
 * Always true: logStartOffset <= highWatermark <= durableEndOffset <= logEndOffset; the high
 * watermark never falls unless committed records were lost; nothing is asked for while the log has
 * a tail that is not durable, so that a fetch offset always means "I durably hold what is before
 * it".
 */
export class PartitionFollower {
  readonly leaderEpoch: number
  readonly #epochs: EpochCache
  readonly #lossIsAccepted: boolean
  #logStartOffset: number
  #highWatermark: number
  #durableEndOffset: number
  #logEndOffset: number
  /** Told by the leader together with data that this log agrees with; -1: not yet. */
  #leaderHighWatermark = -1
  #leaderLogStartOffset = -1
  #state: FollowerState = 'fetching'
  #effects: FollowerEffect[] = []

  constructor(options: FollowerOptions) {
    const { offsets } = options
    checkLogOffsets(offsets)
    this.leaderEpoch = options.leaderEpoch
    this.#epochs = options.epochs
    this.#lossIsAccepted = options.lossIsAccepted
    this.#logStartOffset = offsets.logStartOffset
    this.#highWatermark = offsets.highWatermark
    this.#durableEndOffset = offsets.durableEndOffset
    this.#logEndOffset = offsets.logEndOffset
  }

  get state(): FollowerState {
    return this.#state
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  get durableEndOffset(): number {
    return this.#durableEndOffset
  }

  get logEndOffset(): number {
    return this.#logEndOffset
  }

  /** Hands over the effects since the last call. */
  takeEffects(): readonly FollowerEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /**
   * What to ask next; undefined while the last answer is being worked off, until the tail of the
   * log is durable, or for ever after a failure.
   */
  nextFetch(): FollowerFetch | undefined {
    if (this.#state !== 'fetching' || this.#durableEndOffset < this.#logEndOffset) return undefined
    return {
      fetchOffset: this.#logEndOffset,
      lastFetchedEpoch: this.#epochs.latestEpoch ?? this.#epochs.epochBeforeStart ?? -1,
      currentLeaderEpoch: this.leaderEpoch,
      logStartOffset: this.#logStartOffset,
    }
  }

  /** The leader answered `fetch`. */
  fetched(fetch: FollowerFetch, answer: FetchedPartition): FollowerAction {
    const now = this.nextFetch()
    if (now === undefined) return ignored
    if (fetch.currentLeaderEpoch !== now.currentLeaderEpoch) return ignored
    if (fetch.fetchOffset !== now.fetchOffset) return ignored
    if (fetch.lastFetchedEpoch !== now.lastFetchedEpoch) return ignored
    if (answer.error === 'OFFSET_OUT_OF_RANGE') return this.#outOfRange(answer)
    if (answer.error !== 'NONE') return { kind: 'retry', error: answer.error }
    if (answer.divergingEpoch !== undefined) return this.#diverged(answer.divergingEpoch)
    return this.#agreed(answer)
  }

  /** The batches of the last answer are in the log. */
  appended(logEndOffset: number): void {
    assert(this.#state === 'appending', 'a follower appends what it has fetched')
    assert(logEndOffset >= this.#logEndOffset, 'an append does not shorten the log')
    this.#logEndOffset = logEndOffset
  }

  durable(durableEndOffset: number): void {
    assert(durableEndOffset >= this.#durableEndOffset, 'what is durable stays durable')
    assert(durableEndOffset <= this.#logEndOffset, 'only what was appended becomes durable')
    this.#durableEndOffset = durableEndOffset
    if (this.#state === 'appending' && durableEndOffset === this.#logEndOffset) {
      this.#state = 'fetching'
    }
    this.#adopt()
  }

  /** The log durably ends at `toOffset` now. */
  truncated(toOffset: number): void {
    assert(this.#state === 'truncating', 'a follower truncates when it was told to')
    assert(toOffset <= this.#logEndOffset, 'truncation does not lengthen the log')
    assert(
      toOffset >= this.#highWatermark || this.#lossIsAccepted,
      'nothing committed is truncated',
      () => `${toOffset} ${this.#highWatermark}`,
    )
    this.#ends(toOffset)
  }

  /** The log is empty and begins at `logStartOffset`. */
  restarted(logStartOffset: number): void {
    assert(this.#state === 'truncating', 'a follower starts again when it was told to')
    assert(
      logStartOffset >= this.#highWatermark || this.#lossIsAccepted,
      'a log starts again after what it had',
    )
    this.#logStartOffset = logStartOffset
    this.#highWatermark = logStartOffset
    this.#ends(logStartOffset)
  }

  #ends(logEndOffset: number): void {
    const lastStart = this.#epochs.entries.at(-1)?.startOffset ?? -1
    assert(lastStart < logEndOffset, 'the epoch cache is cut together with the log')
    this.#logEndOffset = logEndOffset
    this.#durableEndOffset = logEndOffset
    this.#highWatermark = Math.min(this.#highWatermark, logEndOffset)
    this.#logStartOffset = Math.min(this.#logStartOffset, logEndOffset)
    this.#leaderHighWatermark = -1
    this.#leaderLogStartOffset = -1
    this.#state = 'fetching'
  }

  /**
   * The leader's log begins after the end of this one, or has deleted what it would have to compare
   * with. Nothing that it has can be in this log, nor is anything of this log needed.
   */
  #outOfRange(answer: FetchedPartition): FollowerAction {
    const { logStartOffset } = answer
    if (logStartOffset < 0) return { kind: 'retry', error: answer.error }
    if (logStartOffset >= this.#highWatermark || this.#lossIsAccepted) {
      return this.#restart(logStartOffset)
    }
    return this.#fail('the leader lacks committed records')
  }

  /**
   * The leader's high watermark is not looked at: it says how far the *leader's* log is committed,
   * and this one is about to lose records below it (KAFKA-14704).
   */
  #diverged(end: EpochEnd): FollowerAction {
    const toOffset = truncationOffset(this.#epochs, this.#logEndOffset, end)
    if (toOffset >= this.#logEndOffset) return { kind: 'retry', error: 'UNKNOWN_SERVER_ERROR' }
    if (toOffset < this.#highWatermark && !this.#lossIsAccepted) {
      return this.#fail(`the leader lacks committed records from ${toOffset} on`)
    }
    if (toOffset < this.#logStartOffset) return this.#restart(toOffset)
    this.#state = 'truncating'
    return { kind: 'truncate', toOffset }
  }

  #agreed(answer: FetchedPartition): FollowerAction {
    this.#leaderHighWatermark = answer.highWatermark
    this.#leaderLogStartOffset = answer.logStartOffset
    this.#adopt()
    if (answer.batches.length === 0) return idle
    const batchCount = this.#appendableCount(answer.batches)
    if (batchCount === 0) return { kind: 'retry', error: 'CORRUPT_MESSAGE' }
    this.#state = 'appending'
    const first = answer.batches[0] as ReplicatedBatch
    const restartAt = first.baseOffset < this.#logEndOffset ? first.baseOffset : undefined
    return { kind: 'append', batchCount, restartAt }
  }

  /**
   * How many batches continue this log. There may be gaps, where the leader has compacted. Only an
   * empty log takes a batch that starts before its end: the leader's log starts inside it.
   */
  #appendableCount(batches: readonly ReplicatedBatch[]): number {
    let nextOffset = this.#logEndOffset
    let epoch = this.#epochs.latestEpoch ?? 0
    let count = 0
    for (const { baseOffset, lastOffsetDelta, partitionLeaderEpoch } of batches) {
      const isSplit = count === 0 && this.#logEndOffset === this.#logStartOffset
      if (baseOffset < nextOffset && !isSplit) break
      if (lastOffsetDelta < 0 || baseOffset + lastOffsetDelta < nextOffset) break
      if (partitionLeaderEpoch < epoch || partitionLeaderEpoch > this.leaderEpoch) break
      nextOffset = baseOffset + lastOffsetDelta + 1
      epoch = partitionLeaderEpoch
      count += 1
    }
    return count
  }

  #restart(logStartOffset: number): FollowerAction {
    this.#state = 'truncating'
    return { kind: 'restart', logStartOffset }
  }

  #fail(reason: string): FollowerAction {
    this.#state = 'failed'
    return { kind: 'fail', reason }
  }

  /** Everything in this log was found in the leader's: its marks hold here as far as we go. */
  #adopt(): void {
    const highWatermark = Math.min(this.#leaderHighWatermark, this.#durableEndOffset)
    if (highWatermark > this.#highWatermark) {
      this.#highWatermark = highWatermark
      this.#effects.push({ kind: 'highWatermarkAdvanced', highWatermark })
    }
    const logStartOffset = Math.min(this.#leaderLogStartOffset, this.#highWatermark)
    if (logStartOffset > this.#logStartOffset) {
      this.#logStartOffset = logStartOffset
      this.#effects.push({ kind: 'logStartAdvanced', logStartOffset })
    }
  }
}
