// One assigned partition on its way through a consumer: from where it is fetched, what has been
// fetched and not been handed out, what is known of its leader and its end.
//
//   done ─▶ position ─(batches at work)─▶ takenOffset ─(buffered)─▶ fetchOffset ─▶ still there

import { assert } from '@klamm/base'
import type { FetchedBatch } from './fetched-batches.ts'

/**
 * `positioning`: where to begin is not known yet. `resetting`: an offset is asked for by time.
 * `validating`: the leader changed; whether its log is the one read so far is being asked for
 * (KIP-320). `fetching`: all is known.
 */
export type FetchPhase = 'positioning' | 'resetting' | 'validating' | 'fetching'

/** In place of a time: the end and the beginning of a log. */
export const latestTimestamp = -1
export const earliestTimestamp = -2

/**
 * Always true: position <= takenOffset <= fetchOffset; `bufferedBytes` counts the buffered batches
 * and those at work.
 */
export class FetchPartition {
  readonly topic: string
  readonly partition: number
  /** `topic-partition`. */
  readonly key: string
  phase: FetchPhase = 'positioning'
  /** The next offset to deal with; everything before it is done. -1 while not known. */
  position = -1
  /** Epoch of the record before `position`; -1 when not known. Goes into commits. */
  positionEpoch = -1
  /** The offset after the last batch that was taken. */
  takenOffset = -1
  /** The next offset to ask for. */
  fetchOffset = -1
  /** Epoch of the record before `fetchOffset`; -1 when not known. */
  fetchEpoch = -1
  /** `resetting`: ms since 1970, or one of the two above. */
  resetTimestamp = latestTimestamp
  /** -1 when there is none. */
  leaderId = -1
  leaderEpoch = -1
  /** Where the leader said to read instead (KIP-392); -1: from the leader. */
  readReplicaId = -1
  readReplicaUntilMs = 0
  isPaused = false
  /** Not before this time is anything asked. */
  retryAtMs = 0
  failures = 0
  /** A question about offsets is under way. */
  isAsked = false
  /** The fetch that will tell of new records; undefined when none does. */
  coveredBy: number | undefined
  /** The session fetch during which it was found to have nothing new. */
  caughtUpDuring: number | undefined
  /** How large its next batch is, when that is more than was asked for. */
  nextBatchBytes = 0
  /** -1 until told. */
  highWatermark = -1
  lastStableOffset = -1
  logStartOffset = -1
  bufferedBytes = 0
  #version = 0
  #batches: FetchedBatch[] = []
  #head = 0
  #workBytes = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
    this.key = `${topic}-${partition}`
  }

  /** Another one after each seek: whoever has asked or taken something before finds out by it. */
  get version(): number {
    return this.#version
  }

  get hasBatches(): boolean {
    return this.#head < this.#batches.length
  }

  /** Whether somebody could be given something now. */
  get isReady(): boolean {
    return !this.isPaused && this.#head < this.#batches.length
  }

  /** Whom to ask for records. */
  sourceId(nowMs: number): number {
    if (this.readReplicaId >= 0 && nowMs >= this.readReplicaUntilMs) this.readReplicaId = -1
    return this.readReplicaId >= 0 ? this.readReplicaId : this.leaderId
  }

  /** Begins at `offset`; what was fetched and not handed out is dropped. */
  seek(offset: number, leaderEpoch = -1): void {
    this.#drop()
    this.phase = 'fetching'
    this.position = offset
    this.positionEpoch = leaderEpoch
    this.takenOffset = offset
    this.fetchOffset = offset
    this.fetchEpoch = leaderEpoch
  }

  /** Begins at the first record of that time, which has to be asked for. */
  reset(timestamp: number): void {
    this.#drop()
    this.phase = 'resetting'
    this.resetTimestamp = timestamp
    this.position = -1
  }

  /** Begins at the committed offset, which has to be asked for. */
  reposition(): void {
    this.#drop()
    this.phase = 'positioning'
    this.position = -1
  }

  /** Keeps what is at work, drops the rest: it will be fetched again. Returns the bytes. */
  evict(): number {
    const droppedBytes = this.bufferedBytes - this.#workBytes
    this.#batches = []
    this.#head = 0
    this.bufferedBytes = this.#workBytes
    if (this.phase === 'fetching' || this.phase === 'validating') {
      this.fetchOffset = this.takenOffset
      this.fetchEpoch = -1
    }
    return droppedBytes
  }

  fetched(batches: readonly FetchedBatch[], leaderEpoch: number): void {
    for (const batch of batches) {
      this.#batches.push(batch)
      this.bufferedBytes += batch.bytes?.length ?? 0
      this.fetchOffset = batch.nextOffset
    }
    if (leaderEpoch >= 0) this.fetchEpoch = leaderEpoch
  }

  /** The next batch, which is at work, together with those before, until `release`. */
  take(): FetchedBatch | undefined {
    const batch = this.#batches[this.#head]
    if (batch === undefined) return undefined
    this.#head += 1
    if (this.#head >= 32 && this.#head * 2 >= this.#batches.length) {
      this.#batches = this.#batches.slice(this.#head)
      this.#head = 0
    }
    this.takenOffset = batch.nextOffset
    this.#workBytes += batch.bytes?.length ?? 0
    return batch
  }

  /** Gives back the bytes of what is at work. */
  release(): void {
    this.bufferedBytes -= this.#workBytes
    this.#workBytes = 0
    assert(this.bufferedBytes >= 0, 'only buffered bytes are given back', () => this.key)
  }

  /** Everything before `offset` is done. */
  done(offset: number, leaderEpoch: number): void {
    if (offset < this.position) return
    this.position = offset
    this.positionEpoch = leaderEpoch
  }

  #drop(): void {
    this.#version += 1
    this.#batches = []
    this.#head = 0
    this.#workBytes = 0
    this.bufferedBytes = 0
    this.coveredBy = undefined
    this.caughtUpDuring = undefined
    this.nextBatchBytes = 0
    this.isAsked = false
    this.retryAtMs = 0
    this.failures = 0
  }
}
