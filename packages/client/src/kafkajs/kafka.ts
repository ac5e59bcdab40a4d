// KafkaJS's entry point.

import { Admin, type AdminConfig } from './admin.ts'
import { Consumer, type ConsumerConfig } from './consumer.ts'
import { demandSupported, type KafkaConfig } from './options.ts'
import { Producer, type ProducerConfig } from './producer.ts'

export class Kafka {
  readonly #config: KafkaConfig

  /** Connects to nothing. Throws KafkaJSNonRetriableError for options that this entry refuses. */
  constructor(config: KafkaConfig) {
    demandSupported(config)
    this.#config = config
  }

  producer(config: ProducerConfig = {}): Producer {
    return new Producer(this.#config, config)
  }

  consumer(config: ConsumerConfig): Consumer {
    return new Consumer(this.#config, config)
  }

  admin(config: AdminConfig = {}): Admin {
    return new Admin(this.#config, config)
  }
}
