// What a broker is started with.

import type { Address } from '@klamm/base/env'
import type { VoterId } from '@klamm/raft'
import { brokerValue } from './config/effective.ts'
import { isTrue, numberOf } from './config/topic-config.ts'
import { maxClientRequestBytes } from './limits.ts'

export interface BrokerOptions {
  readonly brokerId: number
  readonly clusterId: string
  /** What Kafka calls rack. */
  readonly zone: string
  /** Identity of the first data directory, by which the first voters know this broker. */
  readonly directoryId: string
  /**
   * Whether an empty data directory is the first one of this broker. Else what was in it is lost:
   * it is another directory then, which gets an id of its own. True by default.
   */
  readonly mayFormat?: boolean
  /** The first voters of the metadata quorum; the log knows later changes. */
  readonly voters: readonly VoterId[]
  /** Where clients connect; port 0 takes a free one. */
  readonly listen: Address
  /** What clients are told to connect to: this host, and the port that was bound. */
  readonly advertisedHost: string
  /** Kafka's broker configs by name. */
  readonly config: ReadonlyMap<string, string>
  /** The broker cannot go on: its disk failed, or a bug showed. Called once; stop it then. */
  readonly onFailure: (error: unknown) => void
}

/** The few configs that the wiring itself needs, with Kafka's names and defaults. */
export interface BrokerTimes {
  readonly heartbeatIntervalMs: number
  readonly sessionTimeoutMs: number
  readonly balanceIntervalMs: number
  readonly isBalancing: boolean
}

export function staticLayers(config: ReadonlyMap<string, string>) {
  return { broker: nothing, brokerDefault: nothing, static: config }
}

export function brokerTimes(config: ReadonlyMap<string, string>): BrokerTimes {
  const layers = staticLayers(config)
  const number = (name: string): number => numberOf(brokerValue(name, layers) ?? '')
  return {
    heartbeatIntervalMs: number('broker.heartbeat.interval.ms'),
    sessionTimeoutMs: number('broker.session.timeout.ms'),
    balanceIntervalMs: number('leader.imbalance.check.interval.seconds') * 1_000,
    isBalancing: isTrue(brokerValue('auto.leader.rebalance.enable', layers)),
  }
}

/** Bytes of requests that all clients together may have at this broker. */
export function clientRequestBytes(config: ReadonlyMap<string, string>): number {
  const bytes = numberOf(brokerValue('queued.max.request.bytes', staticLayers(config)) ?? '')
  return bytes > 0 ? bytes : maxClientRequestBytes
}

const nothing: ReadonlyMap<string, string> = new Map()
