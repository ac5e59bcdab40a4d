// Asks a handler as a client of a given version does: the request and its answer go through the
// bytes of that version, and a refusal is answered as dispatch answers it.

import { concatBytes } from '@klamm/base'
import {
  type ApiSchema,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  errorCodes,
  KafkaError,
  peekRequestHeader,
  type RequestOf,
  type ResponseOf,
} from '@klamm/protocol'
import { type Handler, noResponse, type RequestContext } from '../handler.ts'

export interface AskOptions {
  readonly apiVersion: number
  readonly clientId?: string | null
  readonly remoteAddress?: string
  readonly requestBytes?: number
  readonly signal?: AbortSignal
}

/** The answer as the client reads it. Fields left out of `request` have their defaults. */
export async function ask<Needs, S extends ApiSchema>(
  handler: Handler<Needs, S>,
  needs: Needs,
  options: AskOptions,
  request: Partial<RequestOf<S>>,
): Promise<ResponseOf<S>> {
  const { schema } = handler
  const { apiVersion, clientId = 'client' } = options
  const sent = { ...defaultsOf(schema.request), ...request } as RequestOf<S>
  const frame = joined(encodeRequest(schema, apiVersion, 7, clientId, sent))
  const received = decodeRequest(schema, apiVersion, frame, peekRequestHeader(frame).bodyOffset)
  const context: RequestContext = {
    apiVersion,
    correlationId: 7,
    clientId,
    listener: 'client',
    connectionId: 1,
    remoteAddress: options.remoteAddress ?? '127.0.0.1:51234',
    requestBytes: options.requestBytes ?? frame.byteLength,
    signal: options.signal ?? new AbortController().signal,
  }
  const response = await answered(handler, needs, context, received)
  return decodeResponse(schema, apiVersion, joined(encodeResponse(schema, apiVersion, 7, response)))
    .body
}

/** Every version the handler serves. */
export function versionsOf({ versions: [first, last] }: Pick<Handler<never>, 'versions'>) {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

async function answered<Needs, S extends ApiSchema>(
  handler: Handler<Needs, S>,
  needs: Needs,
  context: RequestContext,
  request: RequestOf<S>,
): Promise<ResponseOf<S>> {
  try {
    const response = await handler.handle(needs, context, request)
    if (response === noResponse) throw new Error('the request has no answer')
    return response
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return handler.refuse(request, errorCodes[error.errorName], context)
  }
}

function defaultsOf(fields: ApiSchema['request']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.default]))
}

/** A frame without its length prefix. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return concatBytes(chunks).subarray(4)
}
