// Requests to the active controller, wherever it is: finds it, follows it when it moves, and tries
// again until the deadline of the request.

import { Backoff, ByteBudget, type Random } from '@klamm/base'
import { type Clock, Deadline, NetworkError, TimeoutError } from '@klamm/base/env'
import {
  type ApiSchema,
  Envelope,
  errorCodes,
  errorNameOf,
  KafkaError,
  type RequestOf,
  type ResponseOf,
} from '@klamm/protocol'
import { maxForwardedBytes } from '../limits.ts'
import type { PeerChannels } from './peer-channels.ts'
import { untilAborted } from './until-aborted.ts'

export interface ControllerChannelOptions {
  readonly brokerId: number
  readonly clock: Clock
  readonly peers: PeerChannels
  /** Who leads the quorum as far as this broker knows; -1 when it does not. */
  readonly controllerId: () => number
  /** Answers a request on this very broker. */
  readonly local: <S extends ApiSchema>(
    schema: S,
    version: number,
    body: RequestOf<S>,
  ) => Promise<ResponseOf<S>>
  readonly random: Random
}

/** How long a forwarded request is tried, in ms: as long as clients wait by default. */
const forwardTimeoutMs = 30_000

/** Between two tries: a new controller is usually elected within a second. */
const retryBackoff = { initialMs: 20, maxMs: 500 }

export class ControllerChannel {
  readonly #options: ControllerChannelOptions
  /**
   * The connection to the controller carries raft messages too: what clients send must neither
   * fill it nor the controller's memory.
   */
  readonly #forwarded = new ByteBudget('forwarded requests', maxForwardedBytes)

  constructor(options: ControllerChannelOptions) {
    this.#options = options
  }

  /**
   * Asks the active controller. `errorOf` finds the code that says NOT_CONTROLLER in the answer.
   * The request may be sent several times, so it must be harmless to repeat; one that is not
   * `isRepeatable` rejects with KafkaError REQUEST_TIMED_OUT when the connection is lost after it
   * was sent. Rejects with TimeoutError after `timeoutMs`, or with `signal.reason`.
   */
  async request<S extends ApiSchema>(
    schema: S,
    version: number,
    body: RequestOf<S>,
    options: {
      readonly timeoutMs: number
      readonly signal: AbortSignal
      readonly errorOf: (response: ResponseOf<S>) => number
      readonly isRepeatable?: boolean
    },
  ): Promise<ResponseOf<S>> {
    const { clock, brokerId, peers, local } = this.#options
    const backoff = new Backoff(retryBackoff, this.#options.random)
    using deadline = new Deadline(clock, options.timeoutMs, schema.name, options.signal)
    for (;;) {
      deadline.signal.throwIfAborted()
      const controllerId = this.#options.controllerId()
      if (controllerId !== -1) {
        try {
          const response =
            controllerId === brokerId
              ? await untilAborted(local(schema, version, body), deadline.signal)
              : await peers.to(controllerId).request(schema, version, body, deadline.signal)
          if (options.errorOf(response) !== errorCodes.NOT_CONTROLLER) return response
        } catch (error) {
          if (!isWorthAnotherTry(error)) throw error
          if (options.isRepeatable === false && mayHaveArrived(error)) throw outcomeUnknown(error)
        }
      }
      await clock.sleep(backoff.failed(), deadline.signal)
    }
  }

  /**
   * Has the controller answer a client's request (KIP-590). Resolves with the response frame.
   * Rejects with KafkaError REQUEST_TIMED_OUT when no controller has answered in time, or, unless
   * it `isRepeatable`, when the connection was lost: the request may still have had its effect.
   */
  async forward(
    frame: Uint8Array,
    signal: AbortSignal,
    { isRepeatable }: { readonly isRepeatable: boolean },
  ): Promise<Uint8Array> {
    const { clock } = this.#options
    using deadline = new Deadline(clock, forwardTimeoutMs, 'forwarding a request', signal)
    const bytes = frame.byteLength
    const body = {
      requestData: frame,
      requestPrincipal: null,
      clientHostAddress: new Uint8Array([127, 0, 0, 1]),
    }
    try {
      await acquired(this.#forwarded, bytes, deadline.signal)
      const response = await this.request(Envelope, 0, body, {
        timeoutMs: forwardTimeoutMs,
        signal: deadline.signal,
        errorOf: ({ errorCode }) => errorCode,
        isRepeatable,
      }).finally(() => this.#forwarded.release(bytes))
      if (response.responseData !== null && response.errorCode === errorCodes.NONE) {
        return response.responseData
      }
      throw new KafkaError(errorNameOf(response.errorCode), 'refused by the controller')
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      throw new KafkaError('REQUEST_TIMED_OUT', 'no controller answered in time', { cause: error })
    }
  }
}

/** Resolves when the bytes are taken; rejects with the signal's reason, and then they are not. */
function acquired(budget: ByteBudget, bytes: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      waiter?.cancel()
      reject(signal.reason)
    }
    const waiter = budget.acquire(bytes, () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    if (waiter === undefined) resolve()
    else if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** A lost connection, or a controller that resigned while it decided. */
function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof NetworkError) return true
  return error instanceof KafkaError && error.errorName === 'NOT_CONTROLLER'
}

/**
 * Any other failure of the network comes before the request is sent. Kafka's brokers send it again
 * all the same (NodeToControllerChannelManager), so that CreateTopics may be told that its own
 * topic exists.
 */
function mayHaveArrived(error: unknown): boolean {
  return error instanceof NetworkError && error.code === 'closed'
}

function outcomeUnknown(cause: unknown): KafkaError {
  const message = 'the connection to the controller was lost before it answered'
  return new KafkaError('REQUEST_TIMED_OUT', message, { cause })
}
