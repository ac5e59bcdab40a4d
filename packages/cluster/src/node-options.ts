// What one node is started with; crosses the border between threads as a plain value.

import type { VoterId } from '@klamm/raft'
import type { Durability } from './spec.ts'

export interface NodeOptions {
  readonly brokerId: number
  readonly clusterId: string
  readonly zone: string
  readonly directoryId: string
  readonly voters: readonly VoterId[]
  readonly host: string
  /** 0: a free port. */
  readonly port: number
  /** Undefined: the data is kept in memory. */
  readonly dataDirectory: string | undefined
  readonly durability: Durability
  /** Kafka's broker configs, as pairs. */
  readonly config: readonly (readonly [string, string])[]
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}
