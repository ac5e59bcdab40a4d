// What a program gets: messages one by one, or the messages of a batch.

import { Buffer } from 'node:buffer'
import type { RecordHeader } from '@klamm/protocol'

/** Whom a message goes back to when it is committed. */
export interface MessageOwner {
  readonly topic: string
  readonly partition: number
  /** Commits `offset`, the next one to read; see `Message.commit`. */
  commitMessage(offset: number, leaderEpoch: number, version: number): Promise<void>
  /** Bytes were given back: there may be room to fetch more. */
  released(): void
}

/** Headers in the order in which the producer set them; a name may occur several times. */
export class Headers implements Iterable<readonly [name: string, value: Buffer | null]> {
  readonly #list: readonly RecordHeader[]

  constructor(list: readonly RecordHeader[]) {
    this.#list = list
  }

  get size(): number {
    return this.#list.length
  }

  has(name: string): boolean {
    return this.#list.some(({ key }) => key === name)
  }

  /** The last one of that name, as Java's `lastHeader`; undefined when there is none. */
  get(name: string): Buffer | null | undefined {
    const found = this.#list.findLast(({ key }) => key === name)
    return found === undefined ? undefined : bufferOf(found.value)
  }

  /** All of that name. */
  getAll(name: string): (Buffer | null)[] {
    return this.#list.filter(({ key }) => key === name).map(({ value }) => bufferOf(value))
  }

  *[Symbol.iterator](): Generator<readonly [name: string, value: Buffer | null], void> {
    for (const { key, value } of this.#list) yield [key, bufferOf(value)]
  }
}

/** Shared by all messages without headers, which are most. */
export const noHeaders = new Headers([])

function bufferOf(value: Uint8Array | null): Buffer | null {
  return value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

/**
 * One message. Offset and timestamp are numbers, exact up to 2^53. Without deserializers key and
 * value are Buffers that are views of what the broker sent: keeping one keeps all of that.
 */
export class Message<K = Buffer, V = Buffer> {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** In ms since 1970; -1 for none. */
  readonly timestamp: number
  readonly key: K | null
  /** Null is a tombstone: the key was deleted. */
  readonly value: V | null
  readonly headers: Headers
  /** Of the leader that appended it; -1 from brokers that do not say. */
  readonly leaderEpoch: number
  readonly #owner: MessageOwner
  readonly #version: number

  constructor(
    owner: MessageOwner,
    version: number,
    offset: number,
    timestamp: number,
    key: K | null,
    value: V | null,
    headers: Headers,
    leaderEpoch: number,
  ) {
    this.topic = owner.topic
    this.partition = owner.partition
    this.offset = offset
    this.timestamp = timestamp
    this.key = key
    this.value = value
    this.headers = headers
    this.leaderEpoch = leaderEpoch
    this.#owner = owner
    this.#version = version
  }

  /**
   * Commits that everything of the partition up to and including this message is done: the offset
   * after it. Resolves when the coordinator has it; commits that are asked for together travel
   * together. Rejects with ILLEGAL_GENERATION when the partition is not this consumer's any more.
   * Never takes a commit back: of an older message it does nothing. It need not be awaited.
   */
  commit(): Promise<void> {
    return this.#owner.commitMessage(this.offset + 1, this.leaderEpoch, this.#version)
  }
}

/** Messages of one partition, in order, at least one. */
export class Batch<K = Buffer, V = Buffer> implements Iterable<Message<K, V>> {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly Message<K, V>[]
  /** The end of the partition (exclusive), as it was when the batch was fetched. */
  readonly highWatermark: number
  /** The offset after it; passes over what there is nothing to see of. */
  readonly nextOffset: number

  constructor(
    owner: MessageOwner,
    messages: readonly Message<K, V>[],
    highWatermark: number,
    nextOffset: number,
  ) {
    this.topic = owner.topic
    this.partition = owner.partition
    this.messages = messages
    this.highWatermark = highWatermark
    this.nextOffset = nextOffset
  }

  get length(): number {
    return this.messages.length
  }

  get firstOffset(): number {
    return this.messages[0]?.offset ?? this.nextOffset
  }

  /** Inclusive. */
  get lastOffset(): number {
    return this.messages.at(-1)?.offset ?? this.nextOffset - 1
  }

  [Symbol.iterator](): Iterator<Message<K, V>> {
    return this.messages[Symbol.iterator]()
  }

  /** As `commit` of the last message. */
  commit(): Promise<void> {
    return this.messages.at(-1)?.commit() ?? Promise.resolve()
  }
}
