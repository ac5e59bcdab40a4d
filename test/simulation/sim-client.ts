// What every simulated client needs: connections to brokers, questions with a time limit, and the
// metadata of topics.

import { present, type Random, zeroUuid } from '@klamm/base'
import type { Env } from '@klamm/base/env'
import { NetworkError } from '@klamm/base/env'
import { errorNameOf, Metadata } from '@klamm/protocol'
import { SimConnection } from './sim-connection.ts'

export interface SimClientOptions {
  readonly env: Env
  readonly random: Random
  readonly bootstrap: readonly BrokerAddress[]
}

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

export interface TopicMetadata {
  readonly error: string
  readonly topicId: string
  /** By partition; a partition without a leader is left out. */
  readonly leaders: ReadonlyMap<number, BrokerAddress>
  readonly partitionCount: number
}

/** How long a broker may take; twice as long, and the connection is given up. */
export const requestTimeoutMs = 3_000
const retryPauseMs = 100

export class SimClient {
  readonly env: Env
  readonly random: Random
  readonly #bootstrap: readonly BrokerAddress[]
  readonly #connections = new Map<string, SimConnection>()

  constructor(options: SimClientOptions) {
    this.env = options.env
    this.random = options.random
    this.#bootstrap = options.bootstrap
  }

  anyBroker(): BrokerAddress {
    return this.random.pick(this.#bootstrap)
  }

  /** A moment before another attempt. */
  pause(): Promise<void> {
    return this.env.clock.sleep(retryPauseMs * (0.5 + this.random.float()))
  }

  /** Undefined when no answer came: the connection broke, or took too long. */
  async ask<T>(
    broker: BrokerAddress,
    ask: (connection: SimConnection) => Promise<T>,
    timeoutMs = 2 * requestTimeoutMs,
  ): Promise<T | undefined> {
    const { clock } = this.env
    try {
      const connection = await this.#connection(broker)
      const { promise: timeout, reject } = Promise.withResolvers<never>()
      const timer = clock.setTimer(timeoutMs, () => {
        reject(new NetworkError('timeout', 'no answer'))
        connection.close()
      })
      try {
        return await Promise.race([ask(connection), timeout])
      } finally {
        timer.cancel()
        timeout.catch(() => undefined)
      }
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error
      return undefined
    }
  }

  /** Undefined when no answer came. */
  async topic(name: string): Promise<TopicMetadata | undefined> {
    const response = await this.ask(this.anyBroker(), connection =>
      connection.request(Metadata, 12, {
        topics: [{ topicId: zeroUuid, name }],
        allowAutoTopicCreation: false,
        includeClusterAuthorizedOperations: false,
        includeTopicAuthorizedOperations: false,
      }),
    )
    const found = response?.topics[0]
    if (response === undefined || found === undefined) return undefined
    const brokers = new Map(response.brokers.map(broker => [broker.nodeId, broker]))
    return {
      error: errorNameOf(found.errorCode),
      topicId: found.topicId,
      partitionCount: found.partitions.length,
      leaders: new Map(
        found.partitions.flatMap(({ partitionIndex, leaderId }) => {
          const leader = brokers.get(leaderId)
          return leader === undefined ? [] : [[partitionIndex, leader]]
        }),
      ),
    }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close()
  }

  async #connection({ host, port }: BrokerAddress): Promise<SimConnection> {
    const key = `${host}:${port}`
    const existing = this.#connections.get(key)
    if (existing !== undefined && !existing.isClosed) return existing
    const abort = new AbortController()
    const opened = await SimConnection.open(
      this.env.network,
      { kind: 'tcp', host, port },
      abort.signal,
    )
    this.#connections.set(key, opened)
    return present(this.#connections.get(key), 'a connection was just made')
  }
}
