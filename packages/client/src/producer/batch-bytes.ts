// The bytes of one batch: a builder while records arrive, the finished batch from the first time it
// is sent on. Kept for repetitions; numbered anew, or taken apart, when the accumulator says so.

import { assert, present } from '@klamm/base'
import {
  BatchBuilder,
  batchHeaderBytes,
  type NewRecord,
  openRecords,
  readBatchHeader,
  stampProducer,
} from '@klamm/protocol'
import type { Sinks } from '../accumulator/accumulator.ts'
import type { Batch, RecordSink } from '../accumulator/batch.ts'

/** A builder begins with at least so much room. */
const minInitialBytes = 512

export class BatchBytes implements RecordSink {
  #builder: BatchBuilder | undefined
  #finished: Uint8Array | undefined
  #numbering = -1
  #recordCount = 0
  #sizeInBytes: number = batchHeaderBytes

  constructor(expectedBytes: number) {
    const initialBytes = Math.max(minInitialBytes, expectedBytes)
    this.#builder = new BatchBuilder({ initialBytes })
  }

  get recordCount(): number {
    return this.#recordCount
  }

  get sizeInBytes(): number {
    return this.#sizeInBytes
  }

  append(record: NewRecord): void {
    const builder = present(this.#builder, 'a batch that was sent takes no records')
    builder.append(record)
    this.#recordCount += 1
    this.#sizeInBytes = builder.sizeInBytes
  }

  /**
   * As it is to be sent now. What was returned before may still be on its way into a socket, so it
   * is copied before it is numbered anew.
   */
  finish({ settings, identity, baseSequence, numbering }: Batch<BatchBytes, unknown>): Uint8Array {
    if (this.#finished === undefined) {
      const builder = present(this.#builder, 'a batch is built once')
      this.#builder = undefined
      this.#finished = builder.build({
        compression: settings.compression,
        producerId: identity?.producerId,
        producerEpoch: identity?.producerEpoch,
        baseSequence: identity === undefined ? undefined : baseSequence,
      })
    } else if (numbering !== this.#numbering && identity !== undefined) {
      this.#finished = this.#finished.slice()
      stampProducer(this.#finished, { ...identity, baseSequence })
    }
    this.#numbering = numbering
    return this.#finished
  }

  /** The records at these indexes, ascending, in a batch of their own. */
  pick(indexes: readonly number[]): BatchBytes {
    const finished = present(this.#finished, 'only what was sent is taken apart')
    const picked = new BatchBytes(finished.length)
    const cursor = openRecords(finished, readBatchHeader(finished), this.#sizeInBytes)
    let at = 0
    for (let index = 0; cursor.next(); index++) {
      if (index !== indexes[at]) continue
      at += 1
      const { key, value, timestamp } = cursor
      picked.append({ key, value, timestamp, headers: cursor.headers() })
    }
    assert(at === indexes.length, 'every record that is picked is there')
    return picked
  }
}

export function batchSinks<T>(): Sinks<BatchBytes, T> {
  return {
    open: expectedBytes => new BatchBytes(expectedBytes),
    pick: (batch, indexes) => batch.sink.pick(indexes),
  }
}
