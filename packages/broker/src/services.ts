// What handlers may ask a broker for. A handler names the few it needs (`Pick<BrokerServices, …>`),
// which documents it and is all that its tests provide.

import type { Random } from '@klamm/base'
import type { Clock } from '@klamm/base/env'
import type { ApiVersionsResponse } from '@klamm/protocol'
import type { RequestContext } from './apis/handler.ts'
import type { GroupCoordinator } from './coordinators/group-coordinator.ts'
import type { TopicsOnDemand } from './coordinators/topics-on-demand.ts'
import type { Controller, MetadataImage, Outcome } from './metadata/index.ts'
import type { AnswerMemory } from './network/answer-memory.ts'
import type { PartitionLookup } from './partition/lookup.ts'
import type { ParkedFetches } from './partition/parked-fetches.ts'
import type { FetchSessionCache } from './replica/index.ts'

export interface BrokerServices {
  readonly brokerId: number
  readonly clusterId: string
  readonly clock: Clock
  readonly random: Random
  readonly metadata: MetadataService
  readonly controller: ControllerService
  readonly groups: GroupCoordinator
  readonly partitions: PartitionLookup
  readonly fetchSessions: FetchSessionCache
  readonly parkedFetches: ParkedFetches
  /** Shared by the answers to all clients. */
  readonly answerMemory: AnswerMemory
  readonly producerIds: ProducerIdSource
  readonly topicsOnDemand: TopicsOnDemand
  /** The values this broker was started with, by Kafka's broker config names. */
  readonly staticConfigs: ReadonlyMap<string, string>
  /** Keys and versions served, as ApiVersions tells them. */
  readonly advertisedApis: ApiVersionsResponse['apiKeys']
  /**
   * Answers a request frame that was forwarded to the controller; resolves with the response frame.
   * Rejects with KafkaError NOT_CONTROLLER when this broker is not it.
   */
  readonly answerEnvelope: (frame: Uint8Array, context: RequestContext) => Promise<Uint8Array>
}

/** The metadata as this broker has applied it. */
export interface MetadataService {
  readonly image: MetadataImage
  /** The broker that leads the quorum as far as is known here; -1 when unknown. */
  readonly controllerId: number
}

/** What a decision of the controller may use besides the metadata. */
export interface DecisionContext {
  readonly nowMs: number
  readonly random: Random
  /** Where the records of this decision will be in the metadata log. */
  readonly nextOffset: number
}

/** The active controller, when this broker is it. */
export interface ControllerService {
  /**
   * Runs a decision at once; resolves with its reply when its records, and all decided before, are
   * committed. Rejects with KafkaError NOT_CONTROLLER when this broker is not the active
   * controller, and with REQUEST_TIMED_OUT when it ceases to be before the commit: then the outcome
   * is unknown.
   */
  run<Reply>(
    decide: (controller: Controller, context: DecisionContext) => Outcome<Reply>,
  ): Promise<Reply>
}

/** Producer ids that nobody in the cluster has been given before. */
export interface ProducerIdSource {
  /** Rejects with KafkaError COORDINATOR_LOAD_IN_PROGRESS when no block could be had in time. */
  next(signal: AbortSignal): Promise<number>
}
