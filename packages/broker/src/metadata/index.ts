// The metadata of the cluster: records, images, and the decisions of the active controller. Pure.

export { bootstrapRecords } from './controller/bootstrap.ts'
export { Controller } from './controller/controller.ts'
export {
  type ControllerOptions,
  defaultControllerOptions,
  type Predecessor,
} from './controller/options.ts'
export { isInternalTopic, problemWithTopicName } from './controller/topic-names.ts'
export type * from './controller/types.ts'
export { type Change, changesBetween, type MetadataChanges } from './image/changes.ts'
export { type BrokerImage, ClusterImage } from './image/cluster.ts'
export { ConfigsImage, type ResourceConfigs } from './image/configs.ts'
export { imageAfter, imageFromSnapshot, MetadataDelta } from './image/delta.ts'
export { describeImage, describePartition } from './image/describe.ts'
export {
  brokerLayers,
  clusterLayers,
  topicConfigOf,
} from './image/effective-config.ts'
export { type LogPosition, MetadataImage, type ProducerIdsImage } from './image/image.ts'
export { imageHash } from './image/image-hash.ts'
export {
  type DeletedReplica,
  type LocalChanges,
  type LocalPartition,
  localChanges,
} from './image/local-changes.ts'
export { isReassigning, type PartitionImage } from './image/partition.ts'
export { type TopicImage, TopicsImage } from './image/topics.ts'
export type * from './records/records.ts'
export { noLeader } from './records/records.ts'
export {
  batchFromPlain,
  batchToPlain,
  fromPlain,
  type Plain,
  toPlain,
} from './records/registry.ts'
