// What a producer, a consumer or an admin is made of. Each has a core of its own, so that closing
// one closes its connections and nothing else.

import type { TaskScope } from '@klamm/base/env'
import type { Diagnostics } from './diagnostics.ts'
import type { ClientEnv } from './env.ts'
import type { Coordinators } from './metadata/coordinators.ts'
import type { Metadata } from './metadata/metadata.ts'
import type { Brokers } from './network/brokers.ts'
import type { KafkaOptions, ResolvedOptions } from './options.ts'

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
}

/** Connects to nothing yet. Throws ERR_INVALID_ARGUMENT when an option makes no sense. */
export function openCore(_options: KafkaOptions): ClientCore {
  throw new Error('to come')
}
