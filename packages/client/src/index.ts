// @klamm/client: producer, consumer and admin for Klamm and Apache Kafka.

export type { ClientEnv } from './env.ts'
export {
  type ClientErrorCode,
  KafkaError,
  type KafkaErrorCode,
  type KafkaErrorOptions,
} from './errors.ts'
export { Kafka } from './kafka.ts'
export type { KafkaOptions } from './options.ts'
