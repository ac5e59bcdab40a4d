// The entry point: one `Kafka` per cluster, producers, consumers and admins made from it.

import type { Buffer } from 'node:buffer'
import { Admin } from './admin/admin.ts'
import { Consumer } from './consumer/consumer.ts'
import type { ConsumerOptions } from './consumer/consumer-options.ts'
import { type ClientCore, openCore } from './core.ts'
import { type KafkaOptions, resolveOptions } from './options.ts'
import type { RawData } from './producer/messages.ts'
import { Producer } from './producer/producer.ts'
import type { ProducerOptions } from './producer/producer-options.ts'

export class Kafka {
  readonly #options: KafkaOptions

  /** Connects to nothing. Throws ERR_INVALID_ARGUMENT when an option makes no sense. */
  constructor(options: KafkaOptions) {
    resolveOptions(options)
    this.#options = options
  }

  /** Connects to nothing before the first `send`. Throws ERR_INVALID_ARGUMENT. */
  producer<K = RawData, V = RawData>(options: ProducerOptions<K, V> = {}): Producer<K, V> {
    return new Producer(openCore(this.#options), options)
  }

  /** Connects to nothing before it is run. Throws ERR_INVALID_ARGUMENT. */
  consumer<K = Buffer, V = Buffer>(options: ConsumerOptions<K, V>): Consumer<K, V> {
    return new Consumer(openCore(this.#options), options)
  }

  /** Connects to nothing before the first call. */
  admin(): Admin {
    return new Admin(openCore(this.#options))
  }

  /** A core for something built on this client that is none of its own classes. */
  core(): ClientCore {
    return openCore(this.#options)
  }
}
