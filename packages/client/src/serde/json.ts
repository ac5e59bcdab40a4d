// JSON, with the types of a schema if there is one. Any library that follows Standard Schema will
// do: zod, valibot, arktype.

import { Buffer } from 'node:buffer'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Serde } from './serde.ts'

/** JSON without checks: the type is a promise of the program's. */
export function json<T>(): Serde<T>
/**
 * JSON that is checked in both directions. What is sent is the value itself, as the schema takes
 * it; what is received is what the schema makes of it: defaults filled in, dates made of text. The
 * schema must validate synchronously.
 */
export function json<S extends StandardSchemaV1>(
  schema: S,
): Serde<StandardSchemaV1.InferInput<S>, StandardSchemaV1.InferOutput<S>>
export function json(schema?: StandardSchemaV1): Serde<unknown> {
  if (schema === undefined) return { serialize: stringify, deserialize: parse }
  return {
    serialize(value) {
      validated(schema, value)
      return stringify(value)
    },
    deserialize: bytes => validated(schema, parse(bytes)),
  }
}

function stringify(value: unknown): string {
  const text = JSON.stringify(value)
  // A function, a symbol, undefined.
  if (text === undefined) throw new TypeError(`${typeof value} has no JSON`)
  return text
}

function parse(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
}

function validated(schema: StandardSchemaV1, value: unknown): unknown {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) {
    // Nobody waits for it, and if it fails that is told here.
    result.catch(() => undefined)
    throw new TypeError('the schema validates asynchronously, which records cannot wait for')
  }
  if (result.issues === undefined) return result.value
  throw new TypeError(result.issues.map(issueText).join('; '))
}

/** `items.0.quantity: expected a number`. */
function issueText({ path, message }: StandardSchemaV1.Issue): string {
  if (path === undefined || path.length === 0) return message
  const keys = path.map(part => String(typeof part === 'object' ? part.key : part))
  return `${keys.join('.')}: ${message}`
}
