// What a `Kafka` is made with, and what is true when something is left out.

import type { BackoffOptions } from '@klamm/base'
import type { Address, Logger } from '@klamm/base/env'
import type { LogLevel, TlsConnectOptions } from '@klamm/base/node'
import type { ClientEnv } from './env.ts'
import { KafkaError } from './errors.ts'
import { defaultRetry } from './network/retry.ts'

export interface KafkaOptions {
  /** Names this program in the brokers' logs and quotas; `klamm` when left out. */
  readonly clientId?: string
  /**
   * Where to begin: `host:port` (9092 without port), `[::1]:9092`, `unix:/path`, as a list or
   * separated by commas. The other brokers are found through these; they are tried in any order.
   */
  readonly brokers: string | readonly string[]
  /** TLS: true for Node's own trust, or what `tls.connect` takes (ca, cert, key, servername). */
  readonly ssl?: boolean | TlsConnectOptions
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
  /** Parts of the world to replace: in-process networks, virtual time. `ssl` needs our own. */
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

const defaultPort = 9092

/** Throws ERR_INVALID_ARGUMENT with a message that names the option. */
export function resolveOptions(options: KafkaOptions): ResolvedOptions {
  const { brokers, clientId = 'klamm', retry = {} } = options
  const texts = (typeof brokers === 'string' ? brokers.split(',') : (brokers ?? []))
    .map(text => `${text}`.trim())
    .filter(text => text !== '')
  if (texts.length === 0) throw invalid('brokers: at least one `host:port` is needed')
  if (options.env?.network !== undefined && options.ssl !== undefined && options.ssl !== false) {
    throw invalid('ssl: the network that was given has to bring TLS itself')
  }
  if (typeof clientId !== 'string') throw invalid('clientId: a string is needed')
  const initialMs = positive('retry.initialMs', retry.initialMs, defaultRetry.initialMs)
  const maxMs = positive('retry.maxMs', retry.maxMs, Math.max(initialMs, defaultRetry.maxMs))
  if (maxMs < initialMs) throw invalid('retry.maxMs: less than retry.initialMs')
  return {
    clientId,
    bootstrap: texts.map(parseAddress),
    connectionTimeoutMs: positive('connectionTimeoutMs', options.connectionTimeoutMs, 10_000),
    requestTimeoutMs: positive('requestTimeoutMs', options.requestTimeoutMs, 30_000),
    retry: { initialMs, maxMs },
    metadataMaxAgeMs: positive('metadataMaxAgeMs', options.metadataMaxAgeMs, 300_000),
    signal: options.signal,
  }
}

/** `host:port`, `host`, `[v6]:port`, `[v6]`, a bare IPv6 address, `unix:/path`. */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length)
    if (path === '') throw invalid('brokers: `unix:` without a path')
    return { kind: 'unix', path }
  }
  if (/^[a-z_]+:\/\//i.test(text)) {
    throw invalid(`brokers: ${text} is a URL; write host:port (TLS is the option \`ssl\`)`)
  }
  // More than one colon without brackets can only be an address of IPv6 without port.
  const isBareV6 = text.indexOf(':') !== text.lastIndexOf(':') && !text.startsWith('[')
  const match = isBareV6
    ? [text, text, undefined]
    : /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text)
  const host = isBareV6 ? text : (match?.[1] ?? match?.[2])
  if (match === null || host === undefined) throw invalid(`brokers: ${text} is not host:port`)
  const port = isBareV6 || match[3] === undefined ? defaultPort : Number(match[3])
  if (port < 1 || port > 65_535) throw invalid(`brokers: ${text}: ports are 1 to 65535`)
  return { kind: 'tcp', host, port }
}

/** A positive number that was given, or the default. */
export function positive(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  if (typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER) return value
  throw invalid(`${name}: a positive number of ms is needed, not ${value}`)
}

function invalid(message: string): KafkaError {
  return new KafkaError('ERR_INVALID_ARGUMENT', message)
}
