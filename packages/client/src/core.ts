// What a producer, a consumer or an admin is made of. Each has a core of its own, so that closing
// one closes its connections and nothing else.

import { once, TaskScope } from '@klamm/base/env'
import { environmentOf } from './default-env.ts'
import { type Diagnostics, diagnostics } from './diagnostics.ts'
import type { ClientEnv } from './env.ts'
import { Coordinators } from './metadata/coordinators.ts'
import { Metadata } from './metadata/metadata.ts'
import { Brokers } from './network/brokers.ts'
import { type KafkaOptions, type ResolvedOptions, resolveOptions } from './options.ts'

export interface ClientCore extends AsyncDisposable {
  readonly env: ClientEnv
  readonly clientId: string
  readonly options: ResolvedOptions
  readonly brokers: Brokers
  readonly metadata: Metadata
  readonly coordinators: Coordinators
  readonly diagnostics: Diagnostics
  /**
   * Owns everything that runs in the background. Its signal aborts when the core is disposed of or
   * `KafkaOptions.signal` fires; whoever is built on the core closes itself then.
   */
  readonly scope: TaskScope
  /** Closes every connection and ends what runs in the background. Waits for no broker. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Connects to nothing yet. Throws ERR_INVALID_ARGUMENT when an option makes no sense. */
export function openCore(given: KafkaOptions): ClientCore {
  const options = resolveOptions(given)
  const env = environmentOf(given, options.connectionTimeoutMs)
  const { clientId, requestTimeoutMs, retry, metadataMaxAgeMs, signal } = options
  const scope = new TaskScope((task, error) => env.log.error('a task failed', { task, error }))
  const brokers = new Brokers({ env, ...options })
  const metadata = new Metadata({
    env,
    brokers,
    scope,
    metadataMaxAgeMs,
    requestTimeoutMs,
    retry,
  })
  const coordinators = new Coordinators({ env, brokers, requestTimeoutMs, retry })
  const close = once(async () => {
    signal?.removeEventListener('abort', onAbort)
    metadata[Symbol.dispose]()
    await Promise.all([brokers[Symbol.asyncDispose](), scope[Symbol.asyncDispose]()])
  })
  const onAbort = (): void => {
    close().catch((error: unknown) => env.log.error('the client did not close', { error }))
  }
  if (signal?.aborted === true) onAbort()
  else signal?.addEventListener('abort', onAbort)
  return {
    env,
    clientId,
    options,
    brokers,
    metadata,
    coordinators,
    diagnostics,
    scope,
    [Symbol.asyncDispose]: close,
  }
}
