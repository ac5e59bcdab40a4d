// The active controller: operations on the metadata are decided here, by whoever leads the quorum.
// The driver appends what was decided to the raft log and replays it at once, so that the next
// decision builds on it.

import { assert, type Random } from '@klamm/base'
import { imageAfter } from '../image/delta.ts'
import type { LogPosition, MetadataImage } from '../image/image.ts'
import type { MetadataRecord } from '../records/records.ts'
import { alterPartition } from './alter-partition.ts'
import { expireSessions, registerBroker, unregisterBroker } from './brokers.ts'
import { alterConfigs, incrementalAlterConfigs } from './configs.ts'
import { createTopics } from './create-topics.ts'
import { balanceLeaders, electLeaders, recoverLeaderless } from './elect-leaders.ts'
import { heartbeat } from './heartbeat.ts'
import { BrokerHeartbeats } from './heartbeats.ts'
import { lostReplicas } from './lost-replicas.ts'
import type { ControllerOptions, Predecessor } from './options.ts'
import { allocateProducerIds } from './producer-ids.ts'
import { alterPartitionReassignments } from './reassignment.ts'
import type { ControllerState } from './state.ts'
import { createPartitions, deleteTopics } from './topics.ts'
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
  ItemResult,
  LostReplicasReply,
  LostReplicasRequest,
  Outcome,
  ReassignedPartition,
  Reassignment,
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
  readonly #options: ControllerOptions
  readonly #heartbeats: BrokerHeartbeats
  #image: MetadataImage

  /**
   * Every registered broker is given a whole session, from `nowMs` on, to be heard of: when it was
   * last, only the predecessor knew. Of the predecessor itself more is known.
   */
  constructor(
    image: MetadataImage,
    options: ControllerOptions,
    nowMs: number,
    predecessor?: Predecessor,
  ) {
    this.#image = image
    this.#options = options
    this.#heartbeats = new BrokerHeartbeats(options.sessionTimeoutMs, nowMs)
    for (const { id, epoch } of image.cluster.brokers.values()) {
      const isPredecessor = id === predecessor?.brokerId
      const sinceMs = isPredecessor ? sessionStartMs(predecessor, options, nowMs) : nowMs
      this.#heartbeats.heard(id, epoch, -1, sinceMs)
    }
  }

  /** The metadata with everything decided, committed or not. */
  get image(): MetadataImage {
    return this.#image
  }

  /** The records of an outcome have been appended at `position`. */
  replay(records: readonly MetadataRecord[], position: LogPosition): void {
    assert(position.offset > this.#image.position.offset, 'decisions are appended in order')
    this.#image = imageAfter(this.#image, records, position)
    for (const record of records) {
      if (record.kind === 'unregisterBroker') this.#heartbeats.forget(record.brokerId)
      if (record.kind === 'brokerChange' && record.inControlledShutdown === true) {
        this.#heartbeats.shuttingDown(record.brokerId, position.offset)
      }
    }
  }

  createTopics(request: CreateTopicsRequest, random: Random): Outcome<readonly CreatedTopic[]> {
    return createTopics(this.#state(), request, random)
  }

  deleteTopics(topics: readonly TopicReference[]): Outcome<readonly DeletedTopic[]> {
    return deleteTopics(this.#state(), topics)
  }

  createPartitions(
    request: CreatePartitionsRequest,
    random: Random,
  ): Outcome<readonly CreatedPartitions[]> {
    return createPartitions(this.#state(), request, random)
  }

  incrementalAlterConfigs(
    resources: readonly ResourceChange[],
    validateOnly: boolean,
  ): Outcome<readonly AlteredResource[]> {
    return incrementalAlterConfigs(this.#state(), resources, validateOnly)
  }

  alterConfigs(
    resources: readonly ResourceReplacement[],
    validateOnly: boolean,
  ): Outcome<readonly AlteredResource[]> {
    return alterConfigs(this.#state(), resources, validateOnly)
  }

  alterPartition(request: AlterPartitionRequest): Outcome<AlterPartitionReply> {
    return alterPartition(this.#state(), request)
  }

  lostReplicas(request: LostReplicasRequest): Outcome<LostReplicasReply> {
    return lostReplicas(this.#state(), request)
  }

  /** `nextOffset` is where the records of the outcome will be appended: the broker's epoch. */
  registerBroker(
    request: RegisterBrokerRequest,
    nextOffset: number,
    nowMs: number,
  ): Outcome<RegisterBrokerReply> {
    assert(nextOffset > this.#image.position.offset, 'broker epochs only grow')
    const outcome = registerBroker(this.#state(), request, nextOffset, nowMs)
    const { error, brokerEpoch } = outcome.reply
    if (error === 'NONE') this.#heartbeats.heard(request.brokerId, brokerEpoch, -1, nowMs)
    return outcome
  }

  unregisterBroker(brokerId: number): Outcome<ItemResult> {
    return unregisterBroker(this.#state(), brokerId)
  }

  heartbeat(request: HeartbeatRequest, nowMs: number): Outcome<HeartbeatReply> {
    const { brokerId, brokerEpoch, currentMetadataOffset } = request
    if (this.#image.cluster.broker(brokerId)?.epoch === brokerEpoch) {
      this.#heartbeats.heard(brokerId, brokerEpoch, currentMetadataOffset, nowMs)
    }
    return heartbeat(this.#state(), request)
  }

  /** When `expireSessions` is to be called next; undefined without unfenced brokers. */
  nextDeadlineMs(): number | undefined {
    return this.#heartbeats.nextDeadlineMs(this.#image.cluster)
  }

  /** Fences the brokers that were not heard of in time; replies with their ids. */
  expireSessions(nowMs: number): Outcome<readonly number[]> {
    return expireSessions(this.#state(), nowMs)
  }

  electLeaders(request: ElectLeadersRequest): Outcome<readonly ElectedPartition[]> {
    return electLeaders(this.#state(), request)
  }

  /** Gives partitions back to their preferred leaders, `limit` at most; replies how many. */
  balanceLeaders(limit: number): Outcome<number> {
    return balanceLeaders(this.#state(), limit)
  }

  /** Unclean elections for leaderless partitions whose topic opted in; replies how many. */
  recoverLeaderless(limit: number): Outcome<number> {
    return recoverLeaderless(this.#state(), limit)
  }

  alterPartitionReassignments(
    reassignments: readonly Reassignment[],
  ): Outcome<readonly ReassignedPartition[]> {
    return alterPartitionReassignments(this.#state(), reassignments)
  }

  allocateProducerIds(brokerId: number, brokerEpoch: number): Outcome<AllocateProducerIdsReply> {
    return allocateProducerIds(this.#state(), brokerId, brokerEpoch)
  }

  #state(): ControllerState {
    return { image: this.#image, options: this.#options, heartbeats: this.#heartbeats }
  }
}

/** From when it was last heard of, but a third of a session is left for it to be heard of again. */
function sessionStartMs(
  { heardMs }: Predecessor,
  { sessionTimeoutMs }: ControllerOptions,
  nowMs: number,
): number {
  return Math.max(heardMs, nowMs - (sessionTimeoutMs / 3) * 2)
}
