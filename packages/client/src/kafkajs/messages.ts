// Messages as KafkaJS gives them: offsets and timestamps are text, headers an object.

import type { Buffer } from 'node:buffer'
import type { Headers, Batch as OurBatch, Message as OurMessage } from '../consumer/message.ts'

export interface KafkaMessage {
  key: Buffer | null
  value: Buffer | null
  /** In ms since 1970. */
  timestamp: string
  attributes: number
  offset: string
  headers: MessageHeaders
  size?: never
}

/** Several of one name are an array. */
export interface MessageHeaders {
  [name: string]: Buffer | string | (Buffer | string)[] | undefined
}

export interface Batch {
  topic: string
  partition: number
  highWatermark: string
  messages: KafkaMessage[]
  isEmpty(): boolean
  firstOffset(): string | null
  lastOffset(): string
  /** Messages after the last of these. */
  offsetLag(): string
  /** Messages after the first of these. */
  offsetLagLow(): string
}

export function kafkaMessage(message: OurMessage): KafkaMessage {
  return {
    key: message.key,
    value: message.value,
    timestamp: `${message.timestamp}`,
    attributes: 0,
    offset: `${message.offset}`,
    headers: headersOf(message.headers),
  }
}

export function kafkaBatch(batch: OurBatch): Batch {
  const { topic, partition, highWatermark, firstOffset, lastOffset } = batch
  return {
    topic,
    partition,
    highWatermark: `${highWatermark}`,
    messages: batch.messages.map(kafkaMessage),
    isEmpty: () => batch.length === 0,
    firstOffset: () => (batch.length === 0 ? null : `${firstOffset}`),
    lastOffset: () => `${lastOffset}`,
    offsetLag: () => `${highWatermark - 1 - lastOffset}`,
    offsetLagLow: () => (batch.length === 0 ? '0' : `${highWatermark - 1 - firstOffset}`),
  }
}

function headersOf(headers: Headers): MessageHeaders {
  const byName = new Map<string, Buffer | Buffer[]>()
  for (const [name, value] of headers) {
    // KafkaJS's types know no header without a value, and its programs meet null all the same.
    const given = value as Buffer
    const known = byName.get(name)
    if (known === undefined) byName.set(name, given)
    else if (Array.isArray(known)) known.push(given)
    else byName.set(name, [known, given])
  }
  return Object.fromEntries(byName)
}
