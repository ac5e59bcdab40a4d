// Finds the shard a group lives in and runs the operation there. Learns from the metadata
// publishers which partitions of __consumer_offsets are led here.

import type { Env } from '@klamm/base/env'
import { type ErrorName, KafkaError } from '@klamm/protocol'
import type { GroupChange } from '../coordinator/groups/effects.ts'
import { topicKey } from '../coordinator/groups/effects.ts'
import { Groups } from '../coordinator/groups/groups.ts'
import type { GroupOperation, RequestOperation } from '../coordinator/groups/operation.ts'
import type { GroupRecord } from '../coordinator/groups/records.ts'
import type {
  DeletedGroup,
  DescribedGroup,
  GroupConfig,
  HeartbeatRequest,
  JoinReply,
  JoinRequest,
  LeaveReply,
  LeaveRequest,
  ListedGroup,
  ListGroupsRequest,
  OffsetCommitReply,
  OffsetCommitRequest,
  OffsetDeleteReply,
  OffsetDeleteRequest,
  OffsetFetchReply,
  OffsetFetchRequest,
  SyncReply,
  SyncRequest,
} from '../coordinator/groups/types.ts'
import type { Ticket } from '../coordinator/shard/outcome.ts'
import { shardPartition } from '../coordinator/shard/placement.ts'
import { loadInProgress, notCoordinator } from './coordinator-errors.ts'
import { groupCodec } from './group-codec.ts'
import type { GroupCoordinator } from './group-coordinator.ts'
import { ShardDriver } from './shard-driver.ts'
import type { ShardLog } from './shard-log.ts'

export interface GroupServiceOptions {
  readonly env: Env
  readonly config: GroupConfig
  /** Partitions of `__consumer_offsets`; 0 while the topic does not exist. */
  readonly partitionCount: () => number
  /** A bug in a shard: the broker cannot be trusted any more. */
  readonly onBug: (error: unknown) => void
}

type GroupShard = ShardDriver<GroupOperation, GroupRecord, GroupChange>

export class GroupService implements GroupCoordinator, AsyncDisposable {
  readonly #options: GroupServiceOptions
  readonly #shards = new Map<number, GroupShard>()
  /** Shards that have resigned and are winding up. */
  readonly #closing = new Set<Promise<void>>()

  constructor(options: GroupServiceOptions) {
    this.#options = options
  }

  /** This broker leads the partition from now on: its groups are loaded from `log`, then served. */
  elected(partition: number, log: ShardLog): void {
    this.resigned(partition)
    const { env, config, onBug } = this.#options
    const shard = ShardDriver.start({
      machine: new Groups(config),
      codec: groupCodec,
      log,
      clock: env.clock,
      logger: env.log.child({ topic: '__consumer_offsets', partition }),
      commitTimeoutMs: config.commitTimeoutMs,
      onBug,
    })
    this.#shards.set(partition, shard)
  }

  /** This broker leads the partition no more. Whoever waits is answered NOT_COORDINATOR. */
  resigned(partition: number): void {
    const shard = this.#shards.get(partition)
    if (shard === undefined) return
    this.#shards.delete(partition)
    shard.resign()
    const closing = shard[Symbol.asyncDispose]().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  /** The topics are gone: what was committed for their partitions is forgotten. */
  topicsDeleted(topics: readonly { readonly name: string; readonly id: string | undefined }[]) {
    for (const shard of this.#shards.values()) {
      for (const { name, id } of topics) {
        const operation = { kind: 'topicDeleted', topic: name, topicId: id } as const
        shard.schedule(topicKey(operation), operation)
      }
    }
  }

  partitionFor(groupId: string): number {
    const count = this.#options.partitionCount()
    if (count === 0) {
      throw new KafkaError('COORDINATOR_NOT_AVAILABLE', '__consumer_offsets does not exist yet')
    }
    return shardPartition(groupId, count)
  }

  joinGroup(request: JoinRequest, signal: AbortSignal): Promise<JoinReply> {
    const { groupId, groupInstanceId, clientId } = request
    const newMemberId = `${groupInstanceId ?? clientId}-${this.#uuid()}`
    return this.#runNamed(
      groupId,
      ticket => ({ kind: 'join', request, newMemberId, ticket }),
      signal,
    )
  }

  syncGroup(request: SyncRequest, signal: AbortSignal): Promise<SyncReply> {
    return this.#runNamed(request.groupId, ticket => ({ kind: 'sync', request, ticket }), signal)
  }

  async heartbeat(request: HeartbeatRequest, signal: AbortSignal): Promise<ErrorName> {
    // While the group is loading nothing can be said against the member, and it need not know.
    if (this.#shardOf(request.groupId)?.state === 'loading') return 'NONE'
    return this.#runNamed<ErrorName>(
      request.groupId,
      ticket => ({ kind: 'heartbeat', request, ticket }),
      signal,
    )
  }

  leaveGroup(request: LeaveRequest, signal: AbortSignal): Promise<LeaveReply> {
    return this.#runNamed(request.groupId, ticket => ({ kind: 'leave', request, ticket }), signal)
  }

  commitOffsets(request: OffsetCommitRequest, signal: AbortSignal): Promise<OffsetCommitReply> {
    return this.#run(
      request.groupId,
      ticket => ({ kind: 'commitOffsets', request, ticket }),
      signal,
    )
  }

  fetchOffsets(request: OffsetFetchRequest, signal: AbortSignal): Promise<OffsetFetchReply> {
    return this.#run(request.groupId, ticket => ({ kind: 'fetchOffsets', request, ticket }), signal)
  }

  deleteOffsets(request: OffsetDeleteRequest, signal: AbortSignal): Promise<OffsetDeleteReply> {
    return this.#runNamed(
      request.groupId,
      ticket => ({ kind: 'deleteOffsets', request, ticket }),
      signal,
    )
  }

  describeGroups(
    groupIds: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly DescribedGroup[]> {
    const describe = (request: string): Promise<DescribedGroup> => {
      return this.#run(request, ticket => ({ kind: 'describeGroup', request, ticket }), signal)
    }
    return Promise.all(
      groupIds.map(groupId =>
        describe(groupId).catch((error: unknown): DescribedGroup => {
          const unknown = { state: '', protocolType: '', protocolName: '', members: [] } as const
          return { groupId, error: errorNameOf(error), ...unknown }
        }),
      ),
    )
  }

  async listGroups(
    request: ListGroupsRequest,
    signal: AbortSignal,
  ): Promise<readonly ListedGroup[]> {
    const shards = [...this.#shards.values()]
    if (shards.some(({ state }) => state === 'loading')) throw loadInProgress()
    const lists = await Promise.all(
      shards.map(shard =>
        shard
          .run<readonly ListedGroup[]>(ticket => ({ kind: 'listGroups', request, ticket }), signal)
          .catch((error: unknown): readonly ListedGroup[] => {
            // A shard that moves away meanwhile is listed where it goes.
            if (errorNameOf(error) === 'NOT_COORDINATOR') return []
            throw error
          }),
      ),
    )
    return lists.flat()
  }

  deleteGroups(groupIds: readonly string[], signal: AbortSignal): Promise<readonly DeletedGroup[]> {
    const deleteOne = (request: string): Promise<DeletedGroup> => {
      return this.#run(request, ticket => ({ kind: 'deleteGroup', request, ticket }), signal)
    }
    return Promise.all(
      groupIds.map(groupId =>
        deleteOne(groupId).catch((error: unknown): DeletedGroup => {
          return { groupId, error: errorNameOf(error) }
        }),
      ),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const partition of [...this.#shards.keys()]) this.resigned(partition)
    await Promise.all(this.#closing)
  }

  #run<Reply>(
    groupId: string,
    make: (ticket: Ticket<Reply>) => RequestOperation,
    signal: AbortSignal,
  ): Promise<Reply> {
    const shard = this.#shardOf(groupId)
    return shard === undefined ? Promise.reject(notCoordinator()) : shard.run(make, signal)
  }

  /** The same for what makes no sense without a group id. Offsets under the empty one exist. */
  #runNamed<Reply>(
    groupId: string,
    make: (ticket: Ticket<Reply>) => RequestOperation,
    signal: AbortSignal,
  ): Promise<Reply> {
    if (groupId !== '') return this.#run(groupId, make, signal)
    return Promise.reject(new KafkaError('INVALID_GROUP_ID', 'the group id is empty'))
  }

  /** Undefined when the group lives elsewhere. */
  #shardOf(groupId: string): GroupShard | undefined {
    const count = this.#options.partitionCount()
    return count === 0 ? undefined : this.#shards.get(shardPartition(groupId, count))
  }

  #uuid(): string {
    const bytes = this.#options.env.random.bytes(16)
    const hex = [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')
    return [8, 12, 16, 20, 32].map((end, i) => hex.slice([0, 8, 12, 16, 20][i], end)).join('-')
  }
}

/** The name of an answer; anything else is a failure and goes on as one. */
function errorNameOf(error: unknown): ErrorName {
  if (error instanceof KafkaError) return error.errorName
  throw error
}
