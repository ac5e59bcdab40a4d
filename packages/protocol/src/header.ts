// The headers in front of every request and response. Which layout applies follows from key and
// version: v1 of the request header has a client id, v2 (flexible versions) a tagged section too.

import { isFlexible } from './api-keys.ts'
import { DecodeError } from './decode-error.ts'
import { Reader } from './reader.ts'
import type { ApiSchema } from './schema.ts'
import type { Writer } from './writer.ts'

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  /** Where the body begins in the frame. */
  readonly bodyOffset: number
}

const controlledShutdownKey = 7
const apiVersionsKey = 18

/**
 * The version of a request's header: 0 for ControlledShutdown v0 alone, 2 for flexible requests, 1
 * for the rest and for keys that are unknown.
 */
export function requestHeaderVersion(apiKey: number, apiVersion: number): 0 | 1 | 2 {
  if (apiKey === controlledShutdownKey && apiVersion === 0) return 0
  return isFlexible(apiKey, apiVersion) ? 2 : 1
}

/**
 * The version of a response's header. Always 0 for ApiVersions: its response must be readable for
 * a client that does not know yet what the broker speaks (KIP-511).
 */
export function responseHeaderVersion(schema: ApiSchema, apiVersion: number): 0 | 1 {
  return schema.key !== apiVersionsKey && apiVersion >= schema.flexibleSince ? 1 : 0
}

/** Reads the header of a request frame (without length prefix), also of APIs we do not serve. */
export function peekRequestHeader(frame: Uint8Array): RequestHeader {
  const reader = new Reader(frame)
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const headerVersion = requestHeaderVersion(apiKey, apiVersion)
  // Flexible or not, the client id has a 16-bit length: a broker reads it before it can know.
  const clientId = headerVersion === 0 ? null : readClientId(reader)
  if (headerVersion === 2) skipTagged(reader)
  return { apiKey, apiVersion, correlationId, clientId, bodyOffset: reader.offset }
}

export function writeRequestHeader(
  writer: Writer,
  schema: ApiSchema,
  apiVersion: number,
  correlationId: number,
  clientId: string | null,
): void {
  writer.int16(schema.key)
  writer.int16(apiVersion)
  writer.int32(correlationId)
  if (clientId === null) writer.int16(-1)
  else writer.string(clientId, false)
  if (apiVersion >= schema.flexibleSince) writer.uvarint(0)
}

export function writeResponseHeader(
  writer: Writer,
  schema: ApiSchema,
  apiVersion: number,
  correlationId: number,
): void {
  writer.int32(correlationId)
  if (responseHeaderVersion(schema, apiVersion) === 1) writer.uvarint(0)
}

/** Leaves the reader at the body; returns the correlation id. */
export function readResponseHeader(reader: Reader, schema: ApiSchema, apiVersion: number): number {
  const correlationId = reader.int32()
  if (responseHeaderVersion(schema, apiVersion) === 1) skipTagged(reader)
  return correlationId
}

function readClientId(reader: Reader): string | null {
  const length = reader.int16()
  if (length >= 0) return reader.utf8(length)
  if (length === -1) return null
  throw new DecodeError(`clientId of ${length} bytes`, reader.offset)
}

function skipTagged(reader: Reader): void {
  for (let count = reader.uvarint(); count > 0; count--) {
    reader.uvarint()
    reader.skip(reader.uvarint())
  }
}
