// Makes messages of the batches that were fetched for one partition, when they are asked for and
// not before: checks the checksum, decompresses, walks over the records. The hot path of a
// consumer.

import { Buffer } from 'node:buffer'
import { openRecords, type RecordCursor, RecordsError, verifyCrc } from '@klamm/protocol'
import { KafkaError } from '../errors.ts'
import type { FetchPartition } from '../fetching/fetch-partition.ts'
import { deserialized } from '../serde/apply.ts'
import type { Deserializer, SerdeContext } from '../serde/serde.ts'
import { Headers, Message, type MessageOwner, noHeaders } from './message.ts'
import { RecordFailed } from './record-failure.ts'

export interface Deserializers<K, V> {
  readonly key: Deserializer<K> | undefined
  readonly value: Deserializer<V> | undefined
}

/**
 * Reads on from the partition's position; after a seek, from there. What was read counts as done
 * when whoever reads says so; the bytes of a batch are given back when all of it is.
 */
export class PartitionReader<K, V> {
  readonly #owner: MessageOwner
  readonly #fetch: FetchPartition
  readonly #deserializers: Deserializers<K, V>
  readonly #keyContext: SerdeContext
  readonly #valueContext: SerdeContext
  #version = -1
  #cursor: RecordCursor | undefined
  #batch: Uint8Array | undefined
  #baseOffset = 0
  #leaderEpoch = -1
  /** The offset after the batch that is being read. */
  #batchEnd = 0
  /** What comes next: records before it are passed over. */
  #nextOffset = -1
  /** Found behind messages that are handed out first. */
  #failing: RecordFailed | undefined

  constructor(owner: MessageOwner, fetch: FetchPartition, deserializers: Deserializers<K, V>) {
    this.#owner = owner
    this.#fetch = fetch
    this.#deserializers = deserializers
    this.#keyContext = { topic: owner.topic, field: 'key' }
    this.#valueContext = { topic: owner.topic, field: 'value' }
  }

  /** Whether there may be something to read now. */
  get hasMore(): boolean {
    if (this.#fetch.hasBatches) return true
    const isReading = this.#cursor !== undefined || this.#failing !== undefined
    return isReading && this.#fetch.version === this.#version
  }

  /** The offset after everything that was handed out, gaps included. */
  get readOffset(): number {
    return this.#failing?.failure.offset ?? this.#nextOffset
  }

  get leaderEpoch(): number {
    return this.#leaderEpoch
  }

  /**
   * The next message; undefined when there is none now. Whoever calls has dealt with the one
   * before. Throws RecordFailed, and goes on behind it when called again.
   */
  next(): Message<K, V> | undefined {
    this.#catchUp()
    for (;;) {
      if (this.#cursor === undefined && !this.#open()) {
        this.#batchDone()
        return undefined
      }
      const message = this.#read()
      if (message !== undefined) return message
      this.#batchDone()
    }
  }

  /**
   * The messages of the next batches, until `maxBytes` have been taken: at least one batch. They
   * are done when `batchDone` is called. Undefined when there is nothing now. What cannot be read
   * is told after the messages before it.
   */
  nextBatch(maxBytes: number): Message<K, V>[] | undefined {
    this.#catchUp()
    const messages: Message<K, V>[] = []
    let takenBytes = 0
    try {
      while (this.#cursor !== undefined || takenBytes < maxBytes) {
        if (this.#cursor === undefined) {
          if (!this.#open()) break
          takenBytes += this.#batch?.length ?? 0
        }
        const message = this.#read()
        if (message !== undefined) messages.push(message)
      }
    } catch (error) {
      if (!(error instanceof RecordFailed) || messages.length === 0) throw error
      this.#failing = error
    }
    if (messages.length > 0) return messages
    this.#batchDone()
    return undefined
  }

  /** What `nextBatch` handed out is done. */
  batchDone(): void {
    if (this.#fetch.version === this.#version) this.#batchDone()
  }

  #batchDone(): void {
    const { readOffset } = this
    if (readOffset > this.#fetch.position) this.#fetch.done(readOffset, this.#leaderEpoch)
    if (this.#cursor !== undefined) return
    this.#fetch.release()
    this.#owner.released()
  }

  #catchUp(): void {
    if (this.#fetch.version !== this.#version) {
      this.#version = this.#fetch.version
      this.#cursor = undefined
      this.#failing = undefined
      this.#nextOffset = this.#fetch.position
      this.#leaderEpoch = this.#fetch.positionEpoch
    }
    const failing = this.#failing
    if (failing === undefined) return
    this.#failing = undefined
    throw failing
  }

  /** Begins the next batch with records. Returns false when there is none. */
  #open(): boolean {
    for (;;) {
      const fetched = this.#fetch.take()
      if (fetched === undefined) return false
      const { bytes, header, nextOffset } = fetched
      if (bytes === undefined || header === undefined) {
        this.#nextOffset = Math.max(this.#nextOffset, nextOffset)
        continue
      }
      this.#batch = bytes
      this.#baseOffset = header.baseOffset
      this.#leaderEpoch = header.partitionLeaderEpoch
      this.#batchEnd = nextOffset
      try {
        if (!verifyCrc(bytes)) throw new RecordsError('CORRUPT_MESSAGE', 'its checksum is wrong')
        this.#cursor = openRecords(bytes, header)
      } catch (error) {
        this.#failBatch(error)
      }
      return true
    }
  }

  /** The next record of the batch; undefined at its end. */
  #read(): Message<K, V> | undefined {
    const cursor = this.#cursor
    if (cursor === undefined) return undefined
    for (;;) {
      try {
        if (!cursor.next()) break
      } catch (error) {
        this.#failBatch(error)
      }
      const offset = this.#baseOffset + cursor.offsetDelta
      if (offset < this.#nextOffset) continue
      this.#nextOffset = offset + 1
      return this.#messageAt(cursor, offset)
    }
    this.#cursor = undefined
    this.#batch = undefined
    // Records may be missing at the end of a batch: compaction removes them.
    this.#nextOffset = Math.max(this.#nextOffset, this.#batchEnd)
    return undefined
  }

  #messageAt(cursor: RecordCursor, offset: number): Message<K, V> {
    const { key: keyDeserializer, value: valueDeserializer } = this.#deserializers
    let key: unknown = cursor.keyBuffer
    let value: unknown = cursor.valueBuffer
    try {
      if (keyDeserializer !== undefined && key !== null) {
        key = deserialized(keyDeserializer, key as Buffer, this.#keyContext)
      }
      if (valueDeserializer !== undefined && value !== null) {
        value = deserialized(valueDeserializer, value as Buffer, this.#valueContext)
      }
    } catch (error) {
      throw this.#recordFailed(cursor, offset, error)
    }
    return new Message<K, V>(
      this.#owner,
      this.#version,
      offset,
      cursor.timestamp,
      key as K | null,
      value as V | null,
      cursor.headerCount === 0 ? noHeaders : new Headers(cursor.headers()),
      this.#leaderEpoch,
    )
  }

  #recordFailed(cursor: RecordCursor, offset: number, error: unknown): unknown {
    if (!KafkaError.is(error)) return error
    const { topic, partition } = this.#owner
    return new RecordFailed({
      topic,
      partition,
      offset,
      nextOffset: offset + 1,
      error,
      key: cursor.keyBuffer,
      value: cursor.valueBuffer,
      headers: cursor.headers(),
      timestamp: cursor.timestamp,
    })
  }

  /** The batch, or what is left of it, cannot be read. */
  #failBatch(cause: unknown): never {
    if (!(cause instanceof RecordsError)) throw cause
    const { topic, partition } = this.#owner
    const offset = Math.max(this.#nextOffset, this.#baseOffset)
    const value = this.#batch
    this.#cursor = undefined
    this.#batch = undefined
    this.#nextOffset = this.#batchEnd
    const message = `the batch of ${topic}-${partition} at offset ${offset}: ${cause.message}`
    throw new RecordFailed({
      topic,
      partition,
      offset,
      nextOffset: this.#batchEnd,
      error: new KafkaError(cause.errorName, message, { topic, partition, cause }),
      key: null,
      value:
        value === undefined ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
      headers: [],
      timestamp: -1,
    })
  }
}
