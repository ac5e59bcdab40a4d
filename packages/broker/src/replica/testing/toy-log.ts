// A partition log in memory with two layers, visible and durable, for the simulation of a whole
// replica set. Batches are shared objects: two logs agree where they hold the same ones.

import { assert, type Random } from '@klamm/base'
import { type EpochCache, epochCacheOf } from '../epoch-cache.ts'
import type { ProducerSnapshot, ProducerStates } from '../producer-state.ts'
import type { Parts } from './parts.ts'

export interface ToyBatch {
  /** What the client sent; the same in every attempt to append it. */
  readonly id: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly lastOffsetDelta: number
  readonly partitionLeaderEpoch: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly maxTimestamp: number
  readonly isTransactional: false
  /** How many batches came before it in the log that it was appended to. */
  readonly index: number
}

/** What a log without records stands for. */
export interface LogBeginning {
  readonly logStartOffset: number
  readonly firstIndex: number
  /** What the deleted records have left behind. */
  readonly producers: ProducerSnapshot
}

export class ToyLog {
  readonly #parts: Parts
  readonly epochs: EpochCache
  producers: ProducerStates
  /** Producers as of the log start: what retention may not take away. */
  #producersAtStart: ProducerSnapshot = { offset: 0, producers: [] }
  #batches: ToyBatch[] = []
  /** Index of the first batch, or of the next one when there is none. */
  #firstIndex = 0
  #logStartOffset = 0
  #durableEndOffset = 0
  /** What a crash brings back, while the deletion at the start is not flushed. */
  #deleted: { readonly beginning: LogBeginning; readonly batches: ToyBatch[] } | undefined
  /** Changes with everything but growth. */
  #cuts = 0
  #version = 0

  constructor(parts: Parts) {
    this.#parts = parts
    this.epochs = parts.newEpochs()
    this.producers = parts.newProducers()
  }

  get batches(): readonly ToyBatch[] {
    return this.#batches
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  get logEndOffset(): number {
    const last = this.#batches.at(-1)
    return last === undefined ? this.#logStartOffset : last.lastOffset + 1
  }

  get durableEndOffset(): number {
    return this.#durableEndOffset
  }

  get isDurable(): boolean {
    return this.#deleted === undefined && this.#durableEndOffset === this.logEndOffset
  }

  /** Changes with every change of the batches or of what is durable. */
  get version(): number {
    return this.#version
  }

  get firstIndex(): number {
    return this.#firstIndex
  }

  get nextIndex(): number {
    return this.#firstIndex + this.#batches.length
  }

  append(batch: ToyBatch): void {
    assert(batch.baseOffset === this.logEndOffset, 'offsets are dense')
    assert(batch.index === this.nextIndex, 'nothing is left out')
    this.#batches.push(batch)
    this.epochs.assign(batch.partitionLeaderEpoch, batch.baseOffset)
    this.producers.applied(batch, 0)
    this.#version += 1
  }

  read(fromOffset: number, maxBatches: number): ToyBatch[] {
    return this.#batches.filter(batch => batch.lastOffset >= fromOffset).slice(0, maxBatches)
  }

  /** Begins a flush; what it returns ends it, and tells whether it still counts. */
  flush(): () => boolean {
    const cuts = this.#cuts
    const endOffset = this.logEndOffset
    return () => {
      if (cuts !== this.#cuts) return false
      this.#durableEndOffset = Math.max(this.#durableEndOffset, endOffset)
      this.#deleted = undefined
      this.#version += 1
      return true
    }
  }

  /** Durably; the batch that goes on beyond `toOffset` goes as a whole. */
  truncate(toOffset: number): void {
    this.#batches = this.#batches.filter(batch => batch.lastOffset < toOffset)
    const endOffset = this.logEndOffset
    this.#durableEndOffset = endOffset
    this.#deleted = undefined
    this.epochs.truncateFromEnd(endOffset)
    this.#changed()
    if (!this.producers.truncate(endOffset)) this.rebuildProducers()
  }

  get beginning(): LogBeginning {
    const producers = this.#producersAtStart
    return { logStartOffset: this.#logStartOffset, firstIndex: this.#firstIndex, producers }
  }

  /** Durably empty, with the beginning of another log. */
  restart(beginning: LogBeginning): void {
    this.#batches = []
    this.#begin(beginning)
    this.#durableEndOffset = beginning.logStartOffset
    this.#deleted = undefined
    this.epochs.clear()
    this.rebuildProducers()
    this.#changed()
  }

  /** Retention: whole batches before `offset` go. */
  advanceStart(offset: number): void {
    this.#deleted ??= { beginning: this.beginning, batches: [] }
    const states = this.#parts.newProducers()
    states.restore(this.#producersAtStart, 0)
    while ((this.#batches[0]?.lastOffset ?? offset) < offset) {
      const [dropped] = this.#batches.splice(0, 1)
      if (dropped === undefined) break
      states.applied(dropped, 0)
      this.#deleted.batches.push(dropped)
      this.#firstIndex += 1
    }
    this.#producersAtStart = states.snapshot()
    this.#logStartOffset = offset
    this.epochs.truncateFromStart(offset, this.logEndOffset)
    this.#changed()
  }

  /** Loses what was not flushed but a prefix of it. */
  crash(random: Random): void {
    const undurable = this.#batches.filter(batch => batch.baseOffset >= this.#durableEndOffset)
    const kept = undurable[random.below(undurable.length + 1)]
    this.#cutTo(kept?.baseOffset ?? this.logEndOffset)
  }

  /** Loses also some of what was flushed: a lying disk, or a flush that was never asked for. */
  lose(random: Random): void {
    const lost = this.#batches[random.below(this.#batches.length + 1)]
    this.#cutTo(lost?.baseOffset ?? this.logEndOffset)
  }

  rebuildProducers(): void {
    this.producers = this.rebuiltProducers()
  }

  rebuiltProducers(): ProducerStates {
    const states = this.#parts.newProducers()
    states.restore(this.#producersAtStart, 0)
    for (const batch of this.#batches) states.applied(batch, 0)
    return states
  }

  rebuiltEpochs(): EpochCache {
    return epochCacheOf(this.#batches, this.#logStartOffset)
  }

  #begin({ logStartOffset, firstIndex, producers }: LogBeginning): void {
    this.#firstIndex = firstIndex
    this.#logStartOffset = logStartOffset
    this.#producersAtStart = producers
  }

  #cutTo(offset: number): void {
    if (this.#deleted !== undefined) {
      this.#batches.unshift(...this.#deleted.batches)
      this.#begin(this.#deleted.beginning)
      this.#deleted = undefined
    }
    this.#batches = this.#batches.filter(batch => batch.baseOffset < offset)
    this.#durableEndOffset = this.logEndOffset
    this.epochs.clear()
    for (const batch of this.#batches) {
      this.epochs.assign(batch.partitionLeaderEpoch, batch.baseOffset)
    }
    this.rebuildProducers()
    this.#changed()
  }

  #changed(): void {
    this.#cuts += 1
    this.#version += 1
  }
}
