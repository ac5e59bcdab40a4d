// What every simulated client needs: connections to brokers, questions with a time limit, and the
// metadata of topics.

import { type Random, zeroUuid } from '@klamm/base'
import type { Address, Env } from '@klamm/base/env'
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

export interface LeaderAddress extends BrokerAddress {
  readonly leaderEpoch: number
}

export interface TopicMetadata {
  readonly error: string
  readonly topicId: string
  /** By partition; a partition without a leader is left out. */
  readonly leaders: ReadonlyMap<number, LeaderAddress>
  readonly partitionCount: number
}

/** How long a broker may take; twice as long, and the connection is given up. */
export const requestTimeoutMs = 3_000
const retryPauseMs = 100

export class SimClient {
  readonly env: Env
  readonly random: Random
  readonly #bootstrap: readonly BrokerAddress[]
  /** What asks while a connection is being made waits for it: requests keep their order. */
  readonly #connections = new Map<string, Promise<SimConnection>>()
  readonly #open = new Set<SimConnection>()
  /** The newest seen, by topic id and partition. */
  readonly #leaderEpochs = new Map<string, number>()

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

  /**
   * Undefined when no answer came. A leader of an epoch before one that was seen here is left out,
   * as real clients do: a broker that is cut off still names it.
   */
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
        found.partitions.flatMap(({ partitionIndex, leaderId, leaderEpoch }) => {
          const leader = brokers.get(leaderId)
          if (
            leader === undefined ||
            leaderEpoch < this.#newestEpoch(found.topicId, partitionIndex)
          ) {
            return []
          }
          this.#leaderEpochs.set(`${found.topicId}-${partitionIndex}`, leaderEpoch)
          const { host, port } = leader
          return [[partitionIndex, { host, port, leaderEpoch }] as const]
        }),
      ),
    }
  }

  #newestEpoch(topicId: string, partitionIndex: number): number {
    return this.#leaderEpochs.get(`${topicId}-${partitionIndex}`) ?? -1
  }

  close(): void {
    for (const connection of this.#open) connection.close()
  }

  async #connection({ host, port }: BrokerAddress): Promise<SimConnection> {
    const key = `${host}:${port}`
    const opening = this.#connections.get(key) ?? this.#connect(key, { kind: 'tcp', host, port })
    const connection = await opening
    if (!connection.isClosed) return connection
    if (this.#connections.get(key) === opening) this.#connections.delete(key)
    return this.#connection({ host, port })
  }

  #connect(key: string, address: Address): Promise<SimConnection> {
    const opening = SimConnection.open(this.env.network, address, new AbortController().signal)
    this.#connections.set(key, opening)
    opening.then(
      connection => this.#open.add(connection),
      () => {
        if (this.#connections.get(key) === opening) this.#connections.delete(key)
      },
    )
    return opening
  }
}
