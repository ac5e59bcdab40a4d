// Serializers and deserializers as producers and consumers call them: what they throw becomes an
// error that says which field of which topic it was.

import { KafkaError } from '../errors.ts'
import type { Deserializer, SerdeContext, Serializer } from './serde.ts'

/** Throws ERR_SERIALIZATION, with what the serializer threw as the cause. */
export function serialized<T>(
  serializer: Serializer<T>,
  value: T,
  context: SerdeContext,
): Uint8Array | string {
  let data: unknown
  try {
    data = serializer.serialize(value, context)
  } catch (cause) {
    throw serializationError(context, `cannot be serialized: ${messageOf(cause)}`, cause)
  }
  if (typeof data === 'string' || data instanceof Uint8Array) return data
  throw serializationError(context, 'cannot be serialized: its serializer gave no bytes')
}

/** Throws ERR_SERIALIZATION, with what the deserializer threw as the cause. */
export function deserialized<T>(
  deserializer: Deserializer<T>,
  bytes: Uint8Array,
  context: SerdeContext,
): T {
  try {
    return deserializer.deserialize(bytes, context)
  } catch (cause) {
    throw serializationError(context, `cannot be read: ${messageOf(cause)}`, cause)
  }
}

function serializationError(
  { topic, field }: SerdeContext,
  problem: string,
  cause?: unknown,
): KafkaError {
  const message = `the ${field} of a record of ${topic} ${problem}`
  return new KafkaError('ERR_SERIALIZATION', message, { topic, cause })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
