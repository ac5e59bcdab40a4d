// Kafka's wire protocol: one table per API, codecs made of them, frames, errors, record batches.

export { type ApiName, apiKeys, apiNameOf, isFlexible } from './api-keys.ts'
export {
  AllocateProducerIds,
  type AllocateProducerIdsRequest,
  type AllocateProducerIdsResponse,
} from './apis/allocate-producer-ids.ts'
export {
  AlterConfigs,
  type AlterConfigsRequest,
  type AlterConfigsResponse,
} from './apis/alter-configs.ts'
export {
  AlterPartition,
  type AlterPartitionRequest,
  type AlterPartitionResponse,
} from './apis/alter-partition.ts'
export {
  AlterPartitionReassignments,
  type AlterPartitionReassignmentsRequest,
  type AlterPartitionReassignmentsResponse,
} from './apis/alter-partition-reassignments.ts'
export {
  ApiVersions,
  type ApiVersionsRequest,
  type ApiVersionsResponse,
} from './apis/api-versions.ts'
export {
  AssignReplicasToDirs,
  type AssignReplicasToDirsRequest,
  type AssignReplicasToDirsResponse,
} from './apis/assign-replicas-to-dirs.ts'
export {
  BrokerHeartbeat,
  type BrokerHeartbeatRequest,
  type BrokerHeartbeatResponse,
} from './apis/broker-heartbeat.ts'
export {
  BrokerRegistration,
  type BrokerRegistrationRequest,
  type BrokerRegistrationResponse,
} from './apis/broker-registration.ts'
export {
  CreatePartitions,
  type CreatePartitionsRequest,
  type CreatePartitionsResponse,
} from './apis/create-partitions.ts'
export {
  CreateTopics,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
} from './apis/create-topics.ts'
export {
  DeleteGroups,
  type DeleteGroupsRequest,
  type DeleteGroupsResponse,
} from './apis/delete-groups.ts'
export {
  DeleteRecords,
  type DeleteRecordsRequest,
  type DeleteRecordsResponse,
} from './apis/delete-records.ts'
export {
  DeleteTopics,
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
} from './apis/delete-topics.ts'
export {
  DescribeCluster,
  type DescribeClusterRequest,
  type DescribeClusterResponse,
} from './apis/describe-cluster.ts'
export {
  DescribeConfigs,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
} from './apis/describe-configs.ts'
export {
  DescribeGroups,
  type DescribeGroupsRequest,
  type DescribeGroupsResponse,
} from './apis/describe-groups.ts'
export {
  DescribeProducers,
  type DescribeProducersRequest,
  type DescribeProducersResponse,
} from './apis/describe-producers.ts'
export {
  DescribeQuorum,
  type DescribeQuorumRequest,
  type DescribeQuorumResponse,
} from './apis/describe-quorum.ts'
export {
  DescribeTopicPartitions,
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponse,
} from './apis/describe-topic-partitions.ts'
export {
  ElectLeaders,
  type ElectLeadersRequest,
  type ElectLeadersResponse,
} from './apis/elect-leaders.ts'
export { Envelope, type EnvelopeRequest, type EnvelopeResponse } from './apis/envelope.ts'
export { Fetch, type FetchRequest, type FetchResponse } from './apis/fetch.ts'
export {
  FindCoordinator,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
} from './apis/find-coordinator.ts'
export { Heartbeat, type HeartbeatRequest, type HeartbeatResponse } from './apis/heartbeat.ts'
export {
  IncrementalAlterConfigs,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
} from './apis/incremental-alter-configs.ts'
export { apiSchemas } from './apis/index.ts'
export {
  InitProducerId,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from './apis/init-producer-id.ts'
export { JoinGroup, type JoinGroupRequest, type JoinGroupResponse } from './apis/join-group.ts'
export { LeaveGroup, type LeaveGroupRequest, type LeaveGroupResponse } from './apis/leave-group.ts'
export {
  ListConfigResources,
  type ListConfigResourcesRequest,
  type ListConfigResourcesResponse,
} from './apis/list-config-resources.ts'
export { ListGroups, type ListGroupsRequest, type ListGroupsResponse } from './apis/list-groups.ts'
export {
  ListOffsets,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
} from './apis/list-offsets.ts'
export {
  ListPartitionReassignments,
  type ListPartitionReassignmentsRequest,
  type ListPartitionReassignmentsResponse,
} from './apis/list-partition-reassignments.ts'
export { Metadata, type MetadataRequest, type MetadataResponse } from './apis/metadata.ts'
export {
  OffsetCommit,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from './apis/offset-commit.ts'
export {
  OffsetDelete,
  type OffsetDeleteRequest,
  type OffsetDeleteResponse,
} from './apis/offset-delete.ts'
export {
  OffsetFetch,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
} from './apis/offset-fetch.ts'
export {
  OffsetForLeaderEpoch,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
} from './apis/offset-for-leader-epoch.ts'
export { Produce, type ProduceRequest, type ProduceResponse } from './apis/produce.ts'
export {
  SaslAuthenticate,
  type SaslAuthenticateRequest,
  type SaslAuthenticateResponse,
} from './apis/sasl-authenticate.ts'
export {
  SaslHandshake,
  type SaslHandshakeRequest,
  type SaslHandshakeResponse,
} from './apis/sasl-handshake.ts'
export { SyncGroup, type SyncGroupRequest, type SyncGroupResponse } from './apis/sync-group.ts'
export {
  UnregisterBroker,
  type UnregisterBrokerRequest,
  type UnregisterBrokerResponse,
} from './apis/unregister-broker.ts'
export {
  UpdateFeatures,
  type UpdateFeaturesRequest,
  type UpdateFeaturesResponse,
} from './apis/update-features.ts'
export type { Codec } from './codec.ts'
export { codecOf, compile } from './compile.ts'
export {
  type Assignment,
  ConsumerProtocolAssignment,
  decodeAssignment,
  encodeAssignment,
} from './consumer-protocol/assignment.ts'
export {
  ConsumerProtocolSubscription,
  decodeSubscription,
  encodeSubscription,
  type Subscription,
} from './consumer-protocol/subscription.ts'
export {
  type CoordinatorKey,
  decodeCoordinatorKey,
  decodeGroupMetadataValue,
  decodeOffsetCommitValue,
  encodeCoordinatorKey,
  encodeGroupMetadataValue,
  encodeOffsetCommitValue,
  GroupMetadataKey,
  GroupMetadataValue,
  type GroupMetadataValueMessage,
  OffsetCommitKey,
  OffsetCommitValue,
  type OffsetCommitValueMessage,
} from './coordinator-records.ts'
export { DecodeError } from './decode-error.ts'
export {
  type ErrorName,
  errorCodes,
  errorNameOf,
  isInvalidMetadata,
  isRetriable,
  KafkaError,
} from './errors.ts'
export {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  FrameReader,
  type FrameReaderOptions,
} from './frame.ts'
export { peekRequestHeader, type RequestHeader } from './header.ts'
export { defaultMaxFrameBytes, maxStringBytes, minBytesByReference } from './limits.ts'
export { Reader } from './reader.ts'
export * from './records/index.ts'
export {
  type ApiSchema,
  type DataSchema,
  type Field,
  type Fields,
  type ItemOf,
  type Message,
  type RecordsData,
  type RequestOf,
  type ResponseOf,
  zeroUuid,
} from './schema.ts'
export { decodeVersioned, encodeVersioned, type NewerVersion } from './versioned.ts'
export { Writer } from './writer.ts'
