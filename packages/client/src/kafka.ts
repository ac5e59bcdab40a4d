// The entry point: one `Kafka` per cluster, producers, consumers and admins made from it.

import { type ClientCore, openCore } from './core.ts'
import { type KafkaOptions, resolveOptions } from './options.ts'

export class Kafka {
  readonly #options: KafkaOptions

  /** Connects to nothing. Throws ERR_INVALID_ARGUMENT when an option makes no sense. */
  constructor(options: KafkaOptions) {
    resolveOptions(options)
    this.#options = options
  }

  /** A core for something built on this client that is none of its own classes. */
  core(): ClientCore {
    return openCore(this.#options)
  }
}
