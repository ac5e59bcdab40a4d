// The brokers of a cluster as this client reaches them: addresses, one connection per broker and
// lane, versions. Everything that goes over the wire goes through here.

import type { ApiSchema, RequestOf, ResponseOf } from '@klamm/protocol'
import { KafkaError } from '../errors.ts'

/**
 * Separate connections to the same broker: answers on one connection come in the order of the
 * requests, so a long poll or a parked JoinGroup would hold up everything behind it.
 */
export type Lane = 'main' | 'fetch' | 'coordinator'

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
  /**
   * How long to wait for the answer, connecting included, in ms; the client's `requestTimeoutMs`
   * when left out. A long poll adds what it asks the broker to wait.
   */
  readonly timeoutMs?: number | undefined
  /** `main` when left out. */
  readonly lane?: Lane | undefined
  /** No higher version is used, for example when topic ids are unknown. */
  readonly maxVersion?: number | undefined
}

/** A broker's id, or any broker that can be reached, the bootstrap addresses included. */
export type Target = number | 'any'

/** What a request says, or says in the version that was chosen for it. */
export type RequestBody<S extends ApiSchema> = RequestOf<S> | ((version: number) => RequestOf<S>)

/** Where a broker is, as a Metadata or FindCoordinator response, or a leader hint, tells it. */
export interface BrokerEndpoint {
  readonly id: number
  readonly host: string
  readonly port: number
  /** Null when the broker has none, or the response does not say. */
  readonly rack: string | null
}

export class Brokers implements AsyncDisposable {
  /**
   * Sends a request in the highest version that both sides speak and resolves with the answer,
   * whatever error codes it holds. Requests of one lane to one broker are written in the order of
   * the calls; when the connection is up, within the call.
   *
   * Rejects with KafkaError ERR_CONNECTION (the request may have been carried out),
   * ERR_REQUEST_TIMEOUT, ERR_ABORTED, ERR_UNSUPPORTED_VERSION, ERR_PROTOCOL or ERR_CLOSED.
   */
  request<S extends ApiSchema>(
    _target: Target,
    _schema: S,
    _body: RequestBody<S>,
    _options: RequestOptions = {},
  ): Promise<ResponseOf<S>> {
    return Promise.reject(new KafkaError('ERR_CLOSED', 'to come'))
  }

  /**
   * Sends a request that has no answer (Produce with acks 0). Resolves when it was handed to the
   * socket; rejects as `request` does.
   */
  post<S extends ApiSchema>(
    _target: Target,
    _schema: S,
    _body: RequestBody<S>,
    _options: RequestOptions = {},
  ): Promise<void> {
    return Promise.reject(new KafkaError('ERR_CLOSED', 'to come'))
  }

  /** The version that `request` would use now. Connects if needed; rejects as `request` does. */
  versionFor(_target: Target, _schema: ApiSchema, _options: RequestOptions = {}): Promise<number> {
    return Promise.reject(new KafkaError('ERR_CLOSED', 'to come'))
  }

  /** Takes note of where brokers are. A broker that moved is connected to anew. */
  learn(_endpoints: readonly BrokerEndpoint[]): void {}

  /** Closes every connection now. What waits rejects with ERR_CLOSED. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
