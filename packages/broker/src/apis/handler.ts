// The uniform shape of every API handler, and what a handler knows of the request it answers.

import { assert } from '@klamm/base'
import type { ApiSchema, RequestOf, ResponseOf } from '@klamm/protocol'

/** Which network a connection came in on: clients' sockets, or the private one between brokers. */
export type ListenerKind = 'client' | 'peer'

export interface RequestContext {
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly listener: ListenerKind
  /** Unique among the connections of this broker's life. */
  readonly connectionId: number
  readonly remoteAddress: string
  /** Size of the request's frame, which is held until it is answered. */
  readonly requestBytes: number
  /** Aborted when the connection closes or the broker stops. */
  readonly signal: AbortSignal
}

type Awaitable<T> = T | Promise<T>

/**
 * One API. `Needs` is the handler's whole world: a pick of BrokerServices, so that tests pass just
 * that.
 *
 * The part of `handle` before its first await runs before the next request of the same connection
 * is looked at: what must keep the order of requests happens there.
 */
export interface Handler<Needs, S extends ApiSchema = ApiSchema> {
  readonly schema: S
  /** First and last version truly served; this is what ApiVersions advertises. */
  readonly versions: readonly [number, number]
  /** `controller`: forwarded to the active controller when that is another broker. */
  readonly runsOn: 'broker' | 'controller'
  /**
   * Of what runs on the controller: done twice is as good as done once, also for what is answered.
   * Else it is not sent again when nobody knows what became of it (a topic that exists already may
   * be the one that was asked for), and the client is told so by REQUEST_TIMED_OUT.
   */
  readonly isRepeatable: boolean
  /** `peer`: only other brokers may ask; not advertised to clients, unknown on their listeners. */
  readonly askedBy: 'anyone' | 'peer'
  handle(
    needs: Needs,
    context: RequestContext,
    request: RequestOf<S>,
  ): Awaitable<ResponseOf<S> | typeof noResponse>
  /** The answer when the request as a whole is refused: the code in every place that has one. */
  refuse(request: RequestOf<S>, errorCode: number, context: RequestContext): ResponseOf<S>
}

/** What `handle` returns when the protocol has no answer to this request (Produce with acks=0). */
export const noResponse: unique symbol = Symbol('noResponse')

/**
 * Thrown by `handle` where the protocol leaves nothing but to close the connection. Not a
 * failure of the broker.
 */
export class CloseConnection extends Error {
  override readonly name = 'CloseConnection'
}

interface Definition<Needs, S extends ApiSchema> {
  readonly schema: S
  readonly versions: readonly [number, number]
  readonly runsOn?: 'broker' | 'controller'
  readonly askedBy?: 'anyone' | 'peer'
  readonly isRepeatable?: boolean
  readonly handle: Handler<Needs, S>['handle']
  readonly refuse: Handler<Needs, S>['refuse']
}

/**
 * Defines a handler. Unless said otherwise it `runsOn` the broker, is `askedBy` anyone and
 * `isRepeatable`.
 */
export function handler<Needs, S extends ApiSchema>(
  definition: Definition<Needs, S>,
): Handler<Needs, S> {
  const [first, last] = definition.versions
  const [known, newest] = definition.schema.versions
  assert(
    known <= first && first <= last && last <= newest,
    'a handler serves versions of its table',
  )
  return { runsOn: 'broker', askedBy: 'anyone', isRepeatable: true, ...definition }
}
