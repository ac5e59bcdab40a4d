// The active controller: operations on the metadata are decided here, by whoever leads the quorum.
// The driver appends what was decided to the raft log and replays it at once, so that the next
// decision builds on it.

import type { Random } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import type { LogPosition, MetadataImage } from '../image/image.ts'
import type { MetadataRecord, TopicId } from '../records/records.ts'
import type { ControllerOptions } from './options.ts'
import type {
  AllocateProducerIdsReply,
  AlteredResource,
  AlterPartitionReply,
  AlterPartitionRequest,
  CreatedPartitions,
  CreatedTopic,
  CreatePartitionsRequest,
  CreateTopicsRequest,
  DeletedTopic,
  ElectedPartition,
  ElectLeadersRequest,
  HeartbeatReply,
  HeartbeatRequest,
  Outcome,
  RegisterBrokerReply,
  RegisterBrokerRequest,
  ResourceChange,
  ResourceReplacement,
  TopicReference,
} from './types.ts'

/**
 * One term of leadership. Made from the image that holds everything up to and including the first
 * committed entry of the term; thrown away on resignation, and with it whatever was decided but
 * never committed. So nothing is ever reverted: the committed image lives elsewhere.
 *
 * Operations read `image` and change nothing but the record of who was heard of when; `replay` is
 * the only thing that changes the image.
 *
 * Always true: the image is what every broker will have once the log is applied up to `position`.
 */
export class Controller {
  constructor(_image: MetadataImage, _options: ControllerOptions, _nowMs: number) {
    throw new Error('not implemented')
  }

  /** The metadata with everything decided, committed or not. */
  get image(): MetadataImage {
    throw new Error('not implemented')
  }

  /** The records of an outcome have been appended at `position`. */
  replay(_records: readonly MetadataRecord[], _position: LogPosition): void {
    throw new Error('not implemented')
  }

  createTopics(_request: CreateTopicsRequest, _random: Random): Outcome<readonly CreatedTopic[]> {
    throw new Error('not implemented')
  }

  deleteTopics(_topics: readonly TopicReference[]): Outcome<readonly DeletedTopic[]> {
    throw new Error('not implemented')
  }

  createPartitions(
    _request: CreatePartitionsRequest,
    _random: Random,
  ): Outcome<readonly CreatedPartitions[]> {
    throw new Error('not implemented')
  }

  incrementalAlterConfigs(
    _resources: readonly ResourceChange[],
    _validateOnly: boolean,
  ): Outcome<readonly AlteredResource[]> {
    throw new Error('not implemented')
  }

  alterConfigs(
    _resources: readonly ResourceReplacement[],
    _validateOnly: boolean,
  ): Outcome<readonly AlteredResource[]> {
    throw new Error('not implemented')
  }

  alterPartition(_request: AlterPartitionRequest): Outcome<AlterPartitionReply> {
    throw new Error('not implemented')
  }

  /** `nextOffset` is where the records of the outcome will be appended: the broker's epoch. */
  registerBroker(
    _request: RegisterBrokerRequest,
    _nextOffset: number,
    _nowMs: number,
  ): Outcome<RegisterBrokerReply> {
    throw new Error('not implemented')
  }

  unregisterBroker(_brokerId: number): Outcome<ErrorName> {
    throw new Error('not implemented')
  }

  heartbeat(_request: HeartbeatRequest, _nowMs: number): Outcome<HeartbeatReply> {
    throw new Error('not implemented')
  }

  /** When `expireSessions` may have something to do next; undefined without unfenced brokers. */
  nextDeadlineMs(): number | undefined {
    throw new Error('not implemented')
  }

  /** Fences the brokers that were not heard of in time; replies with their ids. */
  expireSessions(_nowMs: number): Outcome<readonly number[]> {
    throw new Error('not implemented')
  }

  electLeaders(_request: ElectLeadersRequest): Outcome<readonly ElectedPartition[]> {
    throw new Error('not implemented')
  }

  /** Gives partitions back to their preferred leaders, `limit` at most; replies how many. */
  balanceLeaders(_limit: number): Outcome<number> {
    throw new Error('not implemented')
  }

  /** Unclean elections for leaderless partitions whose topic opted in; replies how many. */
  recoverLeaderless(_limit: number): Outcome<number> {
    throw new Error('not implemented')
  }

  allocateProducerIds(_brokerId: number, _brokerEpoch: number): Outcome<AllocateProducerIdsReply> {
    throw new Error('not implemented')
  }

  /** Ids for names, `undefined` where there is no such topic. */
  findTopicIds(_names: readonly string[]): readonly (TopicId | undefined)[] {
    throw new Error('not implemented')
  }
}
