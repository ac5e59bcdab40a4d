// Group commit: one queue for all logs. While a commit is under way everything that arrives waits,
// and the next commit takes it together, so commits grow with the load by themselves.

import { assert } from '@klamm/base'
import type { Environment, Logger } from '@klamm/base/env'
import { StorageError } from '@klamm/base/env'
import type { Appended, Change, Queued } from './appended.ts'
import type { Commit, CommitMaker } from './commit-maker.ts'
import { Fifo } from './fifo.ts'
import type { LogState } from './log-state.ts'
import type { Segment, Segments } from './segments.ts'

/** A second commit is under way only when it is full: a small one had better wait and grow. */
const maxCommitsInFlight = 2

/** Rows of one commit: bounds the index record. */
const maxCommitItems = 16_384

/** The next segment is opened when so much of the present one is full: opening takes a few ms. */
const openAheadShare = 0.75

export interface CommitQueueOptions {
  readonly maker: CommitMaker
  readonly segments: Segments
  readonly log: Logger
  readonly segmentBytes: number
  readonly commitBytes: number
  /** More than this must never wait: the caller holds appends back long before. */
  readonly maxQueuedBytes: number
  /** The segment to go on with, or none. */
  readonly active: Segment | undefined
  /** An empty one, opened ahead before a crash. */
  readonly ahead: { readonly id: number; readonly environment: Environment } | undefined
  readonly nextSegmentId: number
  /** Batches are durable: they may leave memory. */
  readonly onCommitted: () => void
  readonly onFailure: (error: unknown) => void
}

export class CommitQueue {
  readonly #options: CommitQueueOptions
  readonly #queue = new Fifo<Queued>()
  /** Bytes of batches in `#queue`. */
  #waitingBytes = 0
  /** Bytes of batches in `#queue` and in commits under way. */
  #queuedBytes = 0
  #inFlight = 0
  #isScheduled = false
  #failure: StorageError | undefined
  #whenIdle: PromiseWithResolvers<void> | undefined
  #active: Segment | undefined
  /** The newest segment whose checkpoint is durable. */
  #checkpointed = -1
  #ahead: { readonly id: number; readonly environment: Environment } | undefined
  #nextSegmentId: number
  /** Numbers of the last item queued, and of the last one that is durable. */
  #lastItem = 0
  #durableItem = 0

  constructor(options: CommitQueueOptions) {
    this.#options = options
    this.#active = options.active
    this.#checkpointed = options.active?.id ?? -1
    this.#ahead = options.ahead
    this.#nextSegmentId = options.nextSegmentId
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** The number of the last item queued: what it undoes is kept until it is durable. */
  get lastItem(): number {
    return this.#lastItem
  }

  get failure(): StorageError | undefined {
    return this.#failure
  }

  append(item: Appended): void {
    this.#waitingBytes += item.bytes.length
    this.#queuedBytes += item.bytes.length
    assert(
      this.#queuedBytes <= this.#options.maxQueuedBytes,
      'appends are held back when the disk is slow',
    )
    this.#push(item)
  }

  /** Resolves when the change is durable. A rejection that nobody waits for is harmless. */
  change(
    kind: Change['kind'],
    state: LogState,
    offset: number,
    replaced?: LogState,
  ): Promise<void> {
    const done = Promise.withResolvers<void>()
    // The failure is reported once, by `onFailure`.
    done.promise.catch(() => {})
    this.#push({ kind, state, offset, replaced, done })
    return done.promise
  }

  /** Resolves when nothing waits any more, also when that is because of a failure. */
  async idle(): Promise<void> {
    if (this.#isIdle) return
    this.#whenIdle ??= Promise.withResolvers()
    await this.#whenIdle.promise
  }

  #push(item: Queued): void {
    this.#queue.push(item)
    this.#lastItem += 1
    if (this.#isScheduled || this.#inFlight > 0) {
      this.#pump()
      return
    }
    // Not now: what is queued in the same stretch of code goes into the same commit.
    this.#isScheduled = true
    Promise.resolve().then(() => {
      this.#isScheduled = false
      this.#pump()
    })
  }

  #pump(): void {
    if (this.#isScheduled) return
    try {
      this.#commitWaiting()
    } catch (error) {
      this.#fail(error)
    }
  }

  #commitWaiting(): void {
    const { segmentBytes, commitBytes } = this.#options
    while (this.#failure === undefined && this.#queue.size > 0) {
      const isFull = this.#waitingBytes >= commitBytes
      if (this.#inFlight >= (isFull ? maxCommitsInFlight : 1)) return
      const active = this.#active
      if (active === undefined || active.bytes >= segmentBytes) {
        // Durable in order: the next segment must not have what this one may still lose.
        if (this.#inFlight > 0) return
        this.#roll(active)
      }
      this.#commit()
    }
  }

  #roll(sealed: Segment | undefined): void {
    const { segments, maker, log } = this.#options
    if (sealed !== undefined) {
      segments.sealed(sealed)
      // Without flushes per commit this bounds what the last flush has to do at a clean close.
      sealed.environment.sync().catch((error: unknown) => this.#fail(error))
    }
    const { id, environment } = this.#ahead ?? this.#openNext()
    this.#ahead = undefined
    this.#active = segments.add(id, environment, maker.sequence)
    log.debug('began a segment', { segment: environment.name })
  }

  #openNext(): { readonly id: number; readonly environment: Environment } {
    const id = this.#nextSegmentId
    this.#nextSegmentId += 1
    return { id, environment: this.#options.segments.openEnvironment(id) }
  }

  #commit(): void {
    const segment = this.#active
    assert(segment !== undefined, 'a commit goes to a segment')
    const isCheckpoint = segment.bytes === 0
    const commit = this.#options.maker.make(this.#take(), segment, isCheckpoint)
    this.#inFlight += 1
    segment.environment.commit(commit.puts).then(
      () => this.#committed(commit, segment),
      (error: unknown) => {
        this.#fail(error)
        rejectChanges(commit.queued, error)
      },
    )
  }

  /** The next items, up to the size of a commit. */
  #take(): Queued[] {
    const taken: Queued[] = []
    let bytes = 0
    let hasTruncation = false
    while (taken.length < maxCommitItems) {
      const next = this.#queue.peek()
      if (next === undefined) break
      if (next.kind === 'batch') {
        // A truncation tells what it cuts off from what comes after by the keys of commits.
        if (hasTruncation) break
        const { length } = next.bytes
        if (bytes > 0 && bytes + length > this.#options.commitBytes) break
        bytes += length
      } else if (next.kind === 'truncate') {
        hasTruncation = true
      }
      taken.push(next)
      this.#queue.shift()
    }
    this.#waitingBytes -= bytes
    return taken
  }

  #committed(commit: Commit, segment: Segment): void {
    if (this.#failure !== undefined) {
      // An earlier one failed, and this one rests on it.
      rejectChanges(commit.queued, this.#failure)
      return
    }
    this.#inFlight -= 1
    this.#queuedBytes -= commit.queuedBytes
    this.#durableItem += commit.queued.length
    if (commit.isCheckpoint) this.#checkpointed = segment.id
    try {
      notify(commit.queued)
      this.#options.onCommitted()
      this.#options.segments.dropReleased(this.#checkpointed, this.#durableItem)
      this.#openAhead(segment)
      this.#pump()
    } catch (error) {
      this.#fail(error)
    }
    this.#settleIfIdle()
  }

  #openAhead({ bytes }: Segment): void {
    if (this.#ahead !== undefined || bytes < this.#options.segmentBytes * openAheadShare) return
    this.#ahead = this.#openNext()
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    const failure =
      error instanceof StorageError
        ? error
        : new StorageError('io', 'the segment store stopped', { cause: error })
    this.#failure = failure
    const waiting: Queued[] = []
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) {
      waiting.push(item)
    }
    rejectChanges(waiting, failure)
    this.#whenIdle?.resolve()
    this.#options.onFailure(error)
  }

  get #isIdle(): boolean {
    return this.#failure !== undefined || (this.#queue.size === 0 && this.#inFlight === 0)
  }

  #settleIfIdle(): void {
    if (!this.#isIdle) return
    this.#whenIdle?.resolve()
    this.#whenIdle = undefined
  }
}

function rejectChanges(queued: readonly Queued[], error: unknown): void {
  for (const item of queued) if (item.kind !== 'batch') item.done.reject(error)
}

/** First all states, then all listeners: a listener sees every log as it is. */
function notify(queued: readonly Queued[]): void {
  const grown = new Set<LogState>()
  for (const item of queued) {
    if (item.kind === 'batch') {
      item.isDurable = true
      if (item.state.becameDurable(item)) grown.add(item.state)
    }
  }
  for (const item of queued) if (item.kind !== 'batch') item.done.resolve()
  for (const state of grown) state.tellDurable()
}
