// The admin client: what can be asked and changed of a cluster. Each method is a line; what it does
// is in the file of its area.

import { once } from '@klamm/base/env'
import type { ClientCore } from '../core.ts'
import type { AdminCallOptions, ManyOptions, Results } from './call.ts'
import {
  type ClusterDescription,
  type DescribeClusterOptions,
  describeCluster,
  describeQuorum,
  type ElectLeadersRequest,
  electLeaders,
  type QuorumDescription,
  unregisterBroker,
} from './cluster.ts'
import {
  type AlterConfigsRequest,
  alterConfigs,
  type ConfigResource,
  type ConfigResourceType,
  type ConfigsToAlter,
  type ConfigsToDescribe,
  type DescribeConfigsQuery,
  describeConfigs,
  listConfigResources,
  type ResourceConfigs,
} from './configs.ts'
import {
  describeTopics,
  eachTopic,
  type ListTopicsOptions,
  listTopics,
  type PagesOptions,
  type TopicDescription,
} from './describe-topics.ts'
import {
  type DeleteOffsetsRequest,
  deleteOffsets,
  type FetchOffsetsQuery,
  fetchOffsets,
  type GroupTopicOffsets,
  type OffsetToSet,
  type ResetOffsetsRequest,
  resetOffsets,
  type SetOffsetsRequest,
  setOffsets,
} from './group-offsets.ts'
import {
  deleteGroups,
  describeGroups,
  type GroupDescription,
  type GroupOverview,
  type ListGroupsOptions,
  listGroups,
  listGroupsByBroker,
} from './groups.ts'
import type { TopicPartition } from './leaders.ts'
import {
  alterPartitionReassignments,
  listPartitionReassignments,
  type OngoingReassignment,
  type ReassignmentToMake,
} from './reassignments.ts'
import {
  type DeletedRecords,
  type DeleteTopicRecordsRequest,
  deleteTopicRecords,
  describeProducers,
  type PartitionProducers,
  type RecordsToDelete,
} from './records.ts'
import {
  type FoundOffset,
  fetchTopicOffsets,
  fetchTopicOffsetsByTimestamp,
  listOffsets,
  type OffsetOptions,
  type OffsetQuery,
  type PartitionOffsetAtTime,
  type PartitionOffsets,
} from './topic-offsets.ts'
import {
  type CreatedTopic,
  type CreatePartitionsRequest,
  type CreateTopicsRequest,
  createPartitions,
  createTopics,
  type DeleteTopicsRequest,
  deleteTopics,
} from './topics.ts'

export interface CloseOptions {
  /** Taken for the same shape everywhere: an admin client has nothing to wait for. */
  readonly timeoutMs?: number | undefined
}

/**
 * Everything takes `signal` and `timeoutMs`. Calls that do many things take `failures` as well: by
 * default one failure rejects the call (`errors` of the error has them all), with `return` each
 * thing has an outcome of its own.
 */
export class Admin implements AsyncDisposable {
  readonly #core: ClientCore
  readonly #close: () => Promise<void>

  /** Connects to nothing before the first call. */
  constructor(core: ClientCore) {
    this.#core = core
    this.#close = once(async () => core[Symbol.asyncDispose]())
  }

  /** Connects now rather than with the first call, to find out whether it can be done. */
  async connect(options: AdminCallOptions = {}): Promise<void> {
    await this.describeCluster(options)
  }

  /** Ends what is under way with ERR_CLOSED. Waits for no broker. */
  async close(_options: CloseOptions = {}): Promise<void> {
    await this.#close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }

  // Topics

  /** Names, sorted. For clusters with very many topics see `topics`. */
  listTopics(options?: ListTopicsOptions): Promise<string[]> {
    return listTopics(this.#core, options)
  }

  /** Every topic with its partitions, by name, asked for page by page. */
  topics(options?: PagesOptions): AsyncIterable<TopicDescription> {
    return { [Symbol.asyncIterator]: () => eachTopic(this.#core, options) }
  }

  describeTopics<O extends ManyOptions = ManyOptions>(
    topics: readonly string[],
    options?: O,
  ): Promise<Results<O, string, TopicDescription>> {
    return describeTopics(this.#core, topics, options)
  }

  /** Resolves when every partition has a leader, unless told not to wait. */
  createTopics<O extends ManyOptions = ManyOptions>(
    request: CreateTopicsRequest,
    options?: O,
  ): Promise<Results<O, string, CreatedTopic>> {
    return createTopics(this.#core, request, options)
  }

  deleteTopics<O extends ManyOptions = ManyOptions>(
    request: DeleteTopicsRequest,
    options?: O,
  ): Promise<Results<O, string, string>> {
    return deleteTopics(this.#core, request, options)
  }

  createPartitions<O extends ManyOptions = ManyOptions>(
    request: CreatePartitionsRequest,
    options?: O,
  ): Promise<Results<O, string, string>> {
    return createPartitions(this.#core, request, options)
  }

  deleteTopicRecords<O extends ManyOptions = ManyOptions>(
    request: DeleteTopicRecordsRequest,
    options?: O,
  ): Promise<Results<O, TopicPartition & RecordsToDelete, DeletedRecords>> {
    return deleteTopicRecords(this.#core, request, options)
  }

  describeProducers<O extends ManyOptions = ManyOptions>(
    partitions: readonly TopicPartition[],
    options?: O,
  ): Promise<Results<O, TopicPartition, PartitionProducers>> {
    return describeProducers(this.#core, partitions, options)
  }

  // Offsets of topics

  /** Begin and end of every partition. */
  fetchTopicOffsets(
    topic: string,
    options?: AdminCallOptions & OffsetOptions,
  ): Promise<PartitionOffsets[]> {
    return fetchTopicOffsets(this.#core, topic, options)
  }

  /** Where every partition has its first record at or after a time, in ms since 1970. */
  fetchTopicOffsetsByTimestamp(
    topic: string,
    timestamp: number,
    options?: AdminCallOptions & OffsetOptions,
  ): Promise<PartitionOffsetAtTime[]> {
    return fetchTopicOffsetsByTimestamp(this.#core, topic, timestamp, options)
  }

  /** Offsets of any partitions, each at what it is asked for. */
  listOffsets<O extends ManyOptions & OffsetOptions = ManyOptions>(
    queries: readonly OffsetQuery[],
    options?: O,
  ): Promise<Results<O, OffsetQuery, FoundOffset>> {
    return listOffsets(this.#core, queries, options)
  }

  // Groups and their offsets

  listGroups(options?: Omit<ListGroupsOptions, 'failures'>): Promise<GroupOverview[]> {
    return listGroups(this.#core, options)
  }

  /** The groups that each broker coordinates, by broker id. */
  listGroupsByBroker<O extends ListGroupsOptions = ListGroupsOptions>(
    options?: O,
  ): Promise<Results<O, number, readonly GroupOverview[]>> {
    return listGroupsByBroker(this.#core, options)
  }

  describeGroups<O extends ManyOptions = ManyOptions>(
    groupIds: readonly string[],
    options?: O,
  ): Promise<Results<O, string, GroupDescription>> {
    return describeGroups(this.#core, groupIds, options)
  }

  /** Only groups without members can be deleted. */
  deleteGroups<O extends ManyOptions = ManyOptions>(
    groupIds: readonly string[],
    options?: O,
  ): Promise<Results<O, string, string>> {
    return deleteGroups(this.#core, groupIds, options)
  }

  /** What a group has committed; an offset is always the next one to read. */
  fetchOffsets(query: FetchOffsetsQuery, options?: AdminCallOptions): Promise<GroupTopicOffsets[]> {
    return fetchOffsets(this.#core, query, options)
  }

  /** Only of groups without members. */
  setOffsets<O extends ManyOptions = ManyOptions>(
    request: SetOffsetsRequest,
    options?: O,
  ): Promise<Results<O, OffsetToSet, OffsetToSet>> {
    return setOffsets(this.#core, request, options)
  }

  /** Only of groups without members. Resolves with the new offsets. */
  resetOffsets(request: ResetOffsetsRequest, options?: AdminCallOptions): Promise<OffsetToSet[]> {
    return resetOffsets(this.#core, request, options)
  }

  /** Only of topics that no member of the group subscribes to. */
  deleteOffsets<O extends ManyOptions = ManyOptions>(
    request: DeleteOffsetsRequest,
    options?: O,
  ): Promise<Results<O, TopicPartition, TopicPartition>> {
    return deleteOffsets(this.#core, request, options)
  }

  // Configs

  describeConfigs<O extends ManyOptions = ManyOptions>(
    query: DescribeConfigsQuery,
    options?: O,
  ): Promise<Results<O, ConfigsToDescribe, ResourceConfigs>> {
    return describeConfigs(this.#core, query, options)
  }

  /** Changes what is named and nothing else (unlike KafkaJS, which took everything else away). */
  alterConfigs<O extends ManyOptions = ManyOptions>(
    request: AlterConfigsRequest,
    options?: O,
  ): Promise<Results<O, ConfigsToAlter, ConfigResource>> {
    return alterConfigs(this.#core, request, options)
  }

  listConfigResources(
    types?: readonly ConfigResourceType[],
    options?: AdminCallOptions,
  ): Promise<ConfigResource[]> {
    return listConfigResources(this.#core, types, options)
  }

  // The cluster

  describeCluster(options?: DescribeClusterOptions): Promise<ClusterDescription> {
    return describeCluster(this.#core, options)
  }

  describeQuorum(options?: AdminCallOptions): Promise<QuorumDescription> {
    return describeQuorum(this.#core, options)
  }

  electLeaders<O extends ManyOptions = ManyOptions>(
    request: ElectLeadersRequest,
    options?: O,
  ): Promise<Results<O, TopicPartition, TopicPartition>> {
    return electLeaders(this.#core, request, options)
  }

  unregisterBroker(brokerId: number, options?: AdminCallOptions): Promise<void> {
    return unregisterBroker(this.#core, brokerId, options)
  }

  alterPartitionReassignments<O extends ManyOptions = ManyOptions>(
    partitions: readonly ReassignmentToMake[],
    options?: O,
  ): Promise<Results<O, ReassignmentToMake, TopicPartition>> {
    return alterPartitionReassignments(this.#core, partitions, options)
  }

  /** Of these partitions, or of all. */
  listPartitionReassignments(
    partitions?: readonly TopicPartition[],
    options?: AdminCallOptions,
  ): Promise<OngoingReassignment[]> {
    return listPartitionReassignments(this.#core, partitions, options)
  }
}
