// `@klamm/client/kafkajs`: programs written for KafkaJS run on this client with the import changed.
// docs/client/kafkajs.md says what is there and what differs.

export type { Admin, AdminConfig, PartitionOffset, TopicConfig } from './admin.ts'
export { CompressionTypes, logLevel } from './constants.ts'
export type { Consumer, ConsumerConfig, Subscription, TopicPartitionOffset } from './consumer.ts'
export {
  type DeleteGroupsFailure,
  KafkaJSAggregateError,
  KafkaJSConnectionError,
  KafkaJSDeleteGroupsError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
} from './errors.ts'
export type { EventListener, InstrumentationEvent } from './events.ts'
export type { GroupDescription } from './groups.ts'
export { Kafka } from './kafka.ts'
export type { Batch, KafkaMessage, MessageHeaders } from './messages.ts'
export type { KafkaConfig, RetryOptions } from './options.ts'
export {
  type CreatePartitioner,
  type PartitionerArgs,
  Partitioners,
  type PartitionMetadata,
} from './partitioners.ts'
export type {
  Message,
  Producer,
  ProducerBatch,
  ProducerConfig,
  ProducerRecord,
  RecordMetadata,
} from './producer.ts'
export type {
  ConsumerEventName,
  ConsumerRunConfig,
  EachBatchPayload,
  EachMessagePayload,
  Offsets,
  TopicPartitions,
} from './run-config.ts'
