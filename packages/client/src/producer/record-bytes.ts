// Keys, values and headers of messages as bytes, and what a record takes in a batch.

import { Buffer } from 'node:buffer'
import type { RecordHeader } from '@klamm/protocol'
import { KafkaError } from '../errors.ts'
import { serialized } from '../serde/apply.ts'
import type { SerdeContext, Serializer } from '../serde/serde.ts'
import type { HeaderValue, ProducerHeaders, RawData } from './messages.ts'

/**
 * Length, attributes, two deltas, three lengths: at most so many bytes of a record besides what it
 * says.
 */
const maxOverheadBytes = 5 + 1 + 8 + 5 + 5 + 5 + 5
const maxHeaderOverheadBytes = 5 + 5

/** Bytes or null for a key or value. Throws ERR_SERIALIZATION or ERR_INVALID_ARGUMENT. */
export function fieldBytes<T>(
  value: T | null | undefined,
  serializer: Serializer<T> | undefined,
  context: SerdeContext,
): Uint8Array | null {
  if (value === null || value === undefined) return null
  const data = serializer === undefined ? value : serialized(serializer, value, context)
  if (typeof data === 'string') return Buffer.from(data)
  if (data instanceof Uint8Array) return data
  const { topic, field } = context
  throw new KafkaError(
    'ERR_SERIALIZATION',
    `the ${field} of a record of ${topic} is ${kindOf(data)}: give the producer a serializer for it`,
    { topic },
  )
}

/** Undefined when there are none. Throws ERR_INVALID_ARGUMENT. */
export function headerList(
  headers: ProducerHeaders | undefined,
  topic: string,
): readonly RecordHeader[] | undefined {
  if (headers === undefined || headers === null) return undefined
  const list: RecordHeader[] = []
  if (isIterable(headers)) {
    for (const [name, value] of headers) addHeader(list, name, value, topic)
  } else {
    for (const name of Object.keys(headers)) {
      const value = headers[name]
      if (Array.isArray(value)) for (const one of value) addHeader(list, name, one, topic)
      else addHeader(list, name, value as HeaderValue, topic)
    }
  }
  return list.length === 0 ? undefined : list
}

/** What a record adds to a batch, uncompressed; some bytes more than it does. */
export function recordBytesBound(
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly RecordHeader[] | undefined,
): number {
  let bytes = maxOverheadBytes
  if (key !== null) bytes += key.length
  if (value !== null) bytes += value.length
  if (headers === undefined) return bytes
  for (const header of headers) {
    bytes += maxHeaderOverheadBytes + Buffer.byteLength(header.key) + (header.value?.length ?? 0)
  }
  return bytes
}

function addHeader(
  list: RecordHeader[],
  key: unknown,
  value: RawData | null | undefined,
  topic: string,
): void {
  if (value === undefined) return
  if (typeof key !== 'string') {
    throw new KafkaError('ERR_INVALID_ARGUMENT', `a header of ${topic} has no name`, { topic })
  }
  if (value === null || value instanceof Uint8Array) list.push({ key, value })
  else if (typeof value === 'string') list.push({ key, value: Buffer.from(value) })
  else {
    const problem = `the header ${key} of a record of ${topic} is ${kindOf(value)}`
    throw new KafkaError('ERR_INVALID_ARGUMENT', `${problem}, not text or bytes`, { topic })
  }
}

function isIterable(headers: ProducerHeaders): headers is Iterable<readonly [string, HeaderValue]> {
  return Symbol.iterator in headers
}

function kindOf(value: unknown): string {
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
