// The broker's standing with the controller: registers at start, sends heartbeats, learns whether
// it is fenced, and asks leave to stop (KIP-631).

import { assert } from '@klamm/base'
import { type Clock, type Logger, TaskScope, TimeoutError } from '@klamm/base/env'
import {
  BrokerHeartbeat,
  BrokerRegistration,
  type BrokerRegistrationRequest,
  errorCodes,
  errorNameOf,
  isRetriable,
  KafkaError,
} from '@klamm/protocol'
import type { ControllerChannel } from '../network/controller-channel.ts'

export interface RegistrationOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly controller: ControllerChannel
  /** What is told about this broker; `previousBrokerEpoch` is the proof of a clean stop. */
  readonly request: BrokerRegistrationRequest
  readonly heartbeatIntervalMs: number
  /** Whether the controller may unfence this broker, as far as the broker is concerned. */
  readonly mayServe: () => boolean
  /** Offset of the last metadata entry this broker has applied. */
  readonly metadataOffset: () => number
  readonly onFailure: (error: unknown) => void
}

/** How long one request to the controller is tried before it is made anew, in ms. */
const requestTimeoutMs = 5_000

export class Registration implements AsyncDisposable {
  readonly #options: RegistrationOptions
  readonly #scope: TaskScope
  #brokerEpoch = -1
  #isFenced = true
  #wantsShutDown = false
  readonly #unfenced = Promise.withResolvers<void>()
  readonly #mayShutDown = Promise.withResolvers<void>()
  #wake: (() => void) | undefined

  private constructor(options: RegistrationOptions) {
    this.#options = options
    this.#scope = new TaskScope((_task, error) => options.onFailure(error))
    // Whoever waits for these hears of a failure through `onFailure`.
    this.#unfenced.promise.catch(() => undefined)
    this.#mayShutDown.promise.catch(() => undefined)
  }

  static start(options: RegistrationOptions): Registration {
    const registration = new Registration(options)
    registration.#scope.spawn('broker registration', signal => registration.#run(signal))
    return registration
  }

  /** Granted by the controller; -1 before. */
  get brokerEpoch(): number {
    return this.#brokerEpoch
  }

  get isFenced(): boolean {
    return this.#isFenced
  }

  /** Resolves when the controller lets this broker serve; rejects when this ends before. */
  whenUnfenced(): Promise<void> {
    return this.#unfenced.promise
  }

  /** Asks the controller to move leadership away; resolves when it has. */
  requestShutDown(): Promise<void> {
    this.#wantsShutDown = true
    this.#wake?.()
    return this.#mayShutDown.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const disposed = this.#scope[Symbol.asyncDispose]()
    this.#wake?.()
    await disposed
    this.#unfenced.reject(new Error('the broker stopped before it was let serve'))
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#register(signal)
      await this.#beat(signal)
      // The controller does not know this epoch any more: register again.
    }
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { controller, request, log } = this.#options
    for (;;) {
      signal.throwIfAborted()
      try {
        const response = await controller.request(BrokerRegistration, 4, request, {
          timeoutMs: requestTimeoutMs,
          signal,
          errorOf: ({ errorCode }) => errorCode,
        })
        if (response.errorCode === errorCodes.NONE) {
          this.#brokerEpoch = response.brokerEpoch
          log.info('registered', { brokerEpoch: response.brokerEpoch })
          return
        }
        const name = errorNameOf(response.errorCode)
        // The session of the previous incarnation has not ended yet: it will.
        if (name !== 'DUPLICATE_BROKER_REGISTRATION' && !isRetriable(name)) {
          throw new KafkaError(name, 'the controller refused to register this broker')
        }
        await this.#options.clock.sleep(this.#options.heartbeatIntervalMs, signal)
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
        log.info('no controller has answered yet')
      }
    }
  }

  /** Until the controller says that the epoch is not ours any more. */
  async #beat(signal: AbortSignal): Promise<void> {
    const { heartbeatIntervalMs, metadataOffset, controller } = this.#options
    assert(this.#brokerEpoch >= 0, 'a broker registers before it sends heartbeats')
    for (;;) {
      const request = {
        brokerId: this.#options.request.brokerId,
        brokerEpoch: this.#brokerEpoch,
        currentMetadataOffset: metadataOffset(),
        // Once unfenced it stays so for its own part.
        wantFence: this.#isFenced && !this.#options.mayServe(),
        wantShutDown: this.#wantsShutDown,
        offlineLogDirs: [],
        cordonedLogDirs: null,
      }
      try {
        const response = await controller.request(BrokerHeartbeat, 1, request, {
          timeoutMs: requestTimeoutMs,
          signal,
          errorOf: ({ errorCode }) => errorCode,
        })
        if (response.errorCode !== errorCodes.NONE) {
          const name = errorNameOf(response.errorCode)
          if (name === 'STALE_BROKER_EPOCH' || name === 'BROKER_ID_NOT_REGISTERED') {
            this.#options.log.warn('the controller knows another broker epoch', { error: name })
            this.#isFenced = true
            return
          }
          if (!isRetriable(name)) throw new KafkaError(name, 'the controller refused a heartbeat')
        } else this.#learned(response.isFenced, response.shouldShutDown)
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
      }
      signal.throwIfAborted()
      await this.#pause(this.#isFenced ? Math.min(heartbeatIntervalMs, 50) : heartbeatIntervalMs)
      signal.throwIfAborted()
    }
  }

  #learned(isFenced: boolean, shouldShutDown: boolean): void {
    this.#isFenced = isFenced
    if (!isFenced) this.#unfenced.resolve()
    if (shouldShutDown) this.#mayShutDown.resolve()
  }

  /** Waits, but not past a call of `requestShutDown`. */
  #pause(delayMs: number): Promise<void> {
    return new Promise(resolve => {
      const timer = this.#options.clock.setTimer(delayMs, done)
      const self = this
      function done(): void {
        timer.cancel()
        self.#wake = undefined
        resolve()
      }
      this.#wake = done
    })
  }
}
