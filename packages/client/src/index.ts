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
export type { PartitionerName } from './partitioners/named.ts'
export type {
  Partitioner,
  PartitionFunction,
  PartitionsView,
  RecordToPlace,
} from './partitioners/partitioner.ts'
export type {
  HeaderValue,
  ProducerBatch,
  ProducerHeaders,
  ProducerMessage,
  ProducerRecord,
  RawData,
  RecordMetadata,
  SendOptions,
  SendSettings,
  SingleRecord,
} from './producer/messages.ts'
export type { CloseOptions, Producer } from './producer/producer.ts'
export type { ProducerOptions } from './producer/producer-options.ts'
export { bytes, float64, int32, int64, string } from './serde/formats.ts'
export { json } from './serde/json.ts'
export type { Deserializer, Serde, SerdeContext, Serializer } from './serde/serde.ts'
