// What a `Kafka` is made with, and what is true when something is left out.

import type { BackoffOptions } from '@klamm/base'
import type { Address, Logger } from '@klamm/base/env'
import type { LogLevel, TlsOptions } from './default-env.ts'
import type { ClientEnv } from './env.ts'

export interface KafkaOptions {
  /** Names this program in the brokers' logs and quotas; `klamm` when left out. */
  readonly clientId?: string
  /**
   * Where to begin: `host:port` (9092 without port), `[::1]:9092`, `unix:/path`, as a list or
   * separated by commas. The other brokers are found through these; they are tried in any order.
   */
  readonly brokers: string | readonly string[]
  /** TLS: true for Node's own trust, or what `tls.connect` takes (ca, cert, key, servername). */
  readonly ssl?: boolean | TlsOptions
  /** How long one attempt to connect may take, in ms; 10 s when left out. */
  readonly connectionTimeoutMs?: number
  /** How long to wait for an answer, in ms; 30 s when left out. */
  readonly requestTimeoutMs?: number
  /** Waits between attempts, in ms; 100 growing to 1,000 when left out. */
  readonly retry?: { readonly initialMs?: number; readonly maxMs?: number }
  /** How long what is known of the cluster counts as fresh, in ms; 5 min when left out. */
  readonly metadataMaxAgeMs?: number
  /** Where to log, or the least that is written to standard output; nothing when left out. */
  readonly logger?: Logger | LogLevel
  /** Parts of the world to replace: in-process networks, virtual time. */
  readonly env?: Partial<ClientEnv>
  /** Closes every producer, consumer and admin of this `Kafka`. */
  readonly signal?: AbortSignal
}

/** The same with nothing left out and everything checked. */
export interface ResolvedOptions {
  readonly clientId: string
  readonly bootstrap: readonly Address[]
  readonly connectionTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly retry: BackoffOptions
  readonly metadataMaxAgeMs: number
  readonly signal: AbortSignal | undefined
}
