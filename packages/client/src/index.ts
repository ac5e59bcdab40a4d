// @klamm/client: producer, consumer and admin for Klamm and Apache Kafka.

export type { Admin } from './admin/admin.ts'
export type { AdminCallOptions, ManyOptions, Outcome, Results } from './admin/call.ts'
export type {
  BrokerDescription,
  ClusterDescription,
  DescribeClusterOptions,
  ElectLeadersRequest,
  QuorumDescription,
  QuorumReplica,
} from './admin/cluster.ts'
export type { ConfigValue } from './admin/config-value.ts'
export type {
  AlterConfigsRequest,
  ConfigChange,
  ConfigEntry,
  ConfigResource,
  ConfigResourceType,
  ConfigSource,
  ConfigSynonym,
  ConfigsToAlter,
  ConfigsToDescribe,
  ConfigValueType,
  DescribeConfigsQuery,
  ResourceConfigs,
} from './admin/configs.ts'
export type {
  ListTopicsOptions,
  PagesOptions,
  PartitionDescription,
  TopicDescription,
} from './admin/describe-topics.ts'
export type {
  CommittedOffset,
  DeleteOffsetsRequest,
  FetchOffsetsQuery,
  GroupTopic,
  GroupTopicOffsets,
  OffsetToSet,
  ResetOffsetsRequest,
  SetOffsetsRequest,
} from './admin/group-offsets.ts'
export type {
  GroupDescription,
  GroupOverview,
  ListGroupsOptions,
  MemberDescription,
} from './admin/groups.ts'
export type { OngoingReassignment, ReassignmentToMake } from './admin/reassignments.ts'
export type {
  ActiveProducer,
  DeletedRecords,
  DeleteTopicRecordsRequest,
  PartitionProducers,
  RecordsToDelete,
} from './admin/records.ts'
export type {
  FoundOffset,
  OffsetOptions,
  OffsetQuery,
  OffsetSpec,
  PartitionOffsetAtTime,
  PartitionOffsets,
} from './admin/topic-offsets.ts'
export type {
  CreatedTopic,
  CreatePartitionsRequest,
  CreateTopicsRequest,
  DeleteTopicsRequest,
  NewPartitions,
  NewTopic,
} from './admin/topics.ts'
export type { Assignor, AssignorInput, GroupAssignment, GroupMember } from './assignors/assignor.ts'
export type { Partitions, TopicPartition } from './assignors/partitions.ts'
export type { AssignorName } from './assignors/registry.ts'
export type { OffsetToCommit } from './consumer/commits.ts'
export type { Consumer, SignalOptions, TopicPartitions } from './consumer/consumer.ts'
export type { ConsumerOptions } from './consumer/consumer-options.ts'
export type { ConsumerEventName, ConsumerEvents } from './consumer/events.ts'
export type { ConsumerHealth, ConsumerState, PartitionLag } from './consumer/health.ts'
export type { Batch, Headers, Message } from './consumer/message.ts'
export type { RecordErrorAction, RecordFailure } from './consumer/record-failure.ts'
export type { BatchContext, HandlerContext, RunOptions } from './consumer/run-loop.ts'
export type { SeekTarget } from './consumer/start-offsets.ts'
export type { PartitionStream } from './consumer/streams.ts'
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
