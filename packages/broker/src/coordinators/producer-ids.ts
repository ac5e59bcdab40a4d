// Hands out producer ids, from blocks that the controller gives to this broker for ever (IDEM-5).

import { type Clock, TimeoutError } from '@klamm/base/env'
import { AllocateProducerIds, errorCodes, errorNameOf, KafkaError } from '@klamm/protocol'
import type { ControllerChannel } from '../network/controller-channel.ts'
import type { ProducerIdSource } from '../services.ts'

export interface ProducerIdsOptions {
  readonly brokerId: number
  readonly brokerEpoch: () => number
  readonly clock: Clock
  readonly controller: ControllerChannel
}

const blockTimeoutMs = 5_000

export class ProducerIds implements ProducerIdSource {
  readonly #options: ProducerIdsOptions
  #nextId = 0
  /** Exclusive. */
  #blockEnd = 0
  #fetching: Promise<void> | undefined
  readonly #stop = new AbortController()

  constructor(options: ProducerIdsOptions) {
    this.#options = options
  }

  async next(signal: AbortSignal): Promise<number> {
    while (this.#nextId >= this.#blockEnd) {
      // One request for all who wait; the one that came first must not end it for the others.
      this.#fetching ??= this.#fetchBlock().finally(() => {
        this.#fetching = undefined
      })
      await this.#fetching
      signal.throwIfAborted()
    }
    const id = this.#nextId
    this.#nextId += 1
    return id
  }

  stop(): void {
    this.#stop.abort(new KafkaError('COORDINATOR_NOT_AVAILABLE', 'the broker stops'))
  }

  async #fetchBlock(): Promise<void> {
    const { brokerId, brokerEpoch, controller } = this.#options
    try {
      const block = await controller.request(
        AllocateProducerIds,
        0,
        { brokerId, brokerEpoch: brokerEpoch() },
        {
          timeoutMs: blockTimeoutMs,
          signal: this.#stop.signal,
          errorOf: ({ errorCode }) => errorCode,
        },
      )
      if (block.errorCode !== errorCodes.NONE) {
        throw unavailable(`the controller refused: ${errorNameOf(block.errorCode)}`)
      }
      this.#nextId = block.producerIdStart
      this.#blockEnd = block.producerIdStart + block.producerIdLen
    } catch (error) {
      if (error instanceof TimeoutError) throw unavailable('the controller did not answer in time')
      throw error
    }
  }
}

/** What clients retry. */
function unavailable(message: string): KafkaError {
  return new KafkaError('COORDINATOR_LOAD_IN_PROGRESS', message)
}
