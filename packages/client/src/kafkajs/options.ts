// What a program gives to KafkaJS's `Kafka`, and what that is in our words.

import type { LogLevel, TlsConnectOptions } from '@klamm/base/node'
import type { ClientEnv } from '../env.ts'
import type { KafkaOptions } from '../options.ts'
import { logLevel } from './constants.ts'
import { KafkaJSNonRetriableError } from './errors.ts'

export interface RetryOptions {
  /** In ms. */
  readonly maxRetryTime?: number
  /** In ms. */
  readonly initialRetryTime?: number
  readonly retries?: number
}

export interface KafkaConfig {
  /** A function is asked at each connect. */
  readonly brokers: readonly string[] | (() => readonly string[] | Promise<readonly string[]>)
  readonly clientId?: string
  readonly ssl?: boolean | TlsConnectOptions
  /** In ms; 1 s when left out. */
  readonly connectionTimeout?: number
  /** In ms; 30 s when left out. */
  readonly requestTimeout?: number
  readonly retry?: RetryOptions
  /** Errors, warnings and the like go to standard output; `logLevel.INFO` when left out. */
  readonly logLevel?: number
  /** As in our own options: for in-process networks and tests. */
  readonly env?: Partial<ClientEnv>
}

/** What would change what a program means when it were passed over. */
const refused = ['sasl', 'socketFactory', 'logCreator']

const levels = new Map<number, LogLevel>([
  [logLevel.NOTHING, 'silent'],
  [logLevel.ERROR, 'error'],
  [logLevel.WARN, 'warn'],
  [logLevel.INFO, 'info'],
  [logLevel.DEBUG, 'debug'],
])

/** Throws KafkaJSNonRetriableError for what this entry does not have. */
export function demandSupported(given: object, names: readonly string[] = refused): void {
  for (const name of names) {
    if ((given as Readonly<Record<string, unknown>>)[name] === undefined) continue
    throw new KafkaJSNonRetriableError(`${name} is not supported by @klamm/client/kafkajs`)
  }
}

/** For one connect of a producer or consumer, which may have retry options of its own. */
export async function optionsOf(
  config: KafkaConfig,
  { retry = config.retry, metadataMaxAge }: { retry?: RetryOptions; metadataMaxAge?: number },
): Promise<KafkaOptions> {
  const { brokers, clientId = 'kafkajs', ssl, env } = config
  const initialMs = retry?.initialRetryTime ?? 300
  return {
    clientId,
    brokers: typeof brokers === 'function' ? await brokers() : brokers,
    connectionTimeoutMs: config.connectionTimeout ?? 1_000,
    requestTimeoutMs: config.requestTimeout ?? 30_000,
    retry: { initialMs, maxMs: Math.max(initialMs, retry?.maxRetryTime ?? 30_000) },
    logger: levels.get(config.logLevel ?? logLevel.INFO) ?? 'info',
    ...(metadataMaxAge === undefined ? {} : { metadataMaxAgeMs: metadataMaxAge }),
    ...(ssl === undefined ? {} : { ssl }),
    ...(env === undefined ? {} : { env }),
  }
}
