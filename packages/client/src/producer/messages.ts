// What a program gives to a producer and gets back, in KafkaJS's words.

import type { CompressionName } from '@klamm/protocol'
import type { Acks } from '../accumulator/batch.ts'

/** What a key or value may be when the producer has no serializer for it. */
export type RawData = string | Uint8Array

/** Several values under one name become several headers, in that order. */
export type HeaderValue = RawData | null | undefined

/**
 * By name, or as pairs where order across names matters. Text is sent as UTF-8; undefined leaves
 * the header out.
 */
export type ProducerHeaders =
  | { readonly [name: string]: HeaderValue | readonly HeaderValue[] }
  | Iterable<readonly [name: string, value: HeaderValue]>

export interface ProducerMessage<K = RawData, V = RawData> {
  /** Records with the same key go to the same partition. None when left out. */
  readonly key?: K | null | undefined
  /** Null is a tombstone: it deletes the key from a compacted topic. */
  readonly value: V | null
  readonly headers?: ProducerHeaders | undefined
  /** Where it goes, whatever its key; the partitioner decides when left out. */
  readonly partition?: number | undefined
  /** In ms since 1970; the time of the call when left out. */
  readonly timestamp?: number | undefined
}

/** How the records of one call are sent, when otherwise than by the producer's options. */
export interface SendSettings {
  readonly acks?: Acks | -1 | undefined
  readonly compression?: CompressionName | undefined
}

/** Messages for one topic. */
export interface ProducerRecord<K = RawData, V = RawData> extends SendSettings {
  readonly topic: string
  readonly messages: readonly ProducerMessage<K, V>[]
}

/** Messages for several topics. */
export interface ProducerBatch<K = RawData, V = RawData> extends SendSettings {
  readonly topicMessages: readonly {
    readonly topic: string
    readonly messages: readonly ProducerMessage<K, V>[]
  }[]
}

/** One message with its topic. */
export interface SingleRecord<K = RawData, V = RawData>
  extends ProducerMessage<K, V>,
    SendSettings {
  readonly topic: string
}

/** Where a record was stored. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** -1 when the broker does not say: with acks 0, or for a duplicate it has no details of. */
  readonly offset: number
  /** In ms: the record's own, or the broker's when the topic uses the time of the append. */
  readonly timestamp: number
}

export interface SendOptions {
  /**
   * Aborts the wait: the promise rejects with ERR_ABORTED. Records that were not sent yet are left
   * out; those that are on their way may be stored all the same.
   */
  readonly signal?: AbortSignal | undefined
}
