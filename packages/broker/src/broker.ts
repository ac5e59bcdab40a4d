// One broker: builds every part, starts them in order, stops them in reverse. Decides nothing.

import { uuidFrom } from '@klamm/base'
import { type Address, type Env, once } from '@klamm/base/env'
import { advertised } from './apis/api-versions.ts'
import { handlers } from './apis/index.ts'
import {
  type BrokerOptions,
  type BrokerTimes,
  brokerTimes,
  clientRequestBytes,
} from './broker-options.ts'
import { GroupPublisher } from './coordinators/group-publisher.ts'
import { GroupService } from './coordinators/group-service.ts'
import { ProducerIds } from './coordinators/producer-ids.ts'
import { TopicCreator } from './coordinators/topic-creator.ts'
import { groupConfig, internalTopicSpecs, offsetsTopic } from './group-config.ts'
import { maxClientAnswerBytes, maxFetchSessions } from './limits.ts'
import { brokerLayers, defaultControllerOptions } from './metadata/index.ts'
import { AnswerMemory } from './network/answer-memory.ts'
import { connectionLimits } from './network/connection-limits.ts'
import { ControllerChannel } from './network/controller-channel.ts'
import { Dispatch } from './network/dispatch.ts'
import { BrokerListener } from './network/listener.ts'
import { PeerChannels } from './network/peer-channels.ts'
import { RequestMemory } from './network/request-memory.ts'
import { PartitionLookup } from './partition/lookup.ts'
import { ParkedFetches } from './partition/parked-fetches.ts'
import { PartitionManager } from './partition/partition-manager.ts'
import { Scrub } from './partition/scrub.ts'
import { Quorum } from './quorum/quorum.ts'
import { Registration } from './quorum/registration.ts'
import { FetchSessionCache } from './replica/index.ts'
import { FetcherManager } from './replication/fetcher-manager.ts'
import { IsrProposals } from './replication/isr-proposals.ts'
import { LossReports } from './replication/loss-reports.ts'
import type { BrokerServices } from './services.ts'
import { BrokerStores } from './storage/broker-stores.ts'

/** Sessions not used for so long make room for others, as in Kafka. */
const fetchSessionEvictionMs = 120_000

/**
 * Starts a broker; it serves when `ready` resolves. Rejects with NetworkError `addressInUse`, and
 * with StorageError `foreign` or `corrupt`; then everything that was opened is closed again.
 */
export async function openBroker(env: Env, options: BrokerOptions): Promise<Broker> {
  let broker: Broker | undefined
  const stores = await BrokerStores.open(env, options, error => broker?.failed(error))
  try {
    broker = new Broker(env, options, stores)
  } catch (error) {
    await stores[Symbol.asyncDispose]()
    throw error
  }
  try {
    await broker.start()
    return broker
  } catch (error) {
    await broker[Symbol.asyncDispose]()
    throw error
  }
}

export class Broker implements AsyncDisposable {
  readonly #env: Env
  readonly #options: BrokerOptions
  readonly #times: BrokerTimes
  readonly #stores: BrokerStores
  readonly #incarnationId: string
  readonly #parts = new AsyncDisposableStack()
  /** Whoever stops the broker waits until it has stopped. */
  readonly #end = once(() => this.#parts.disposeAsync())
  readonly #stopping = new AbortController()
  readonly #answerMemory: AnswerMemory
  readonly #peers: PeerChannels
  readonly #controllerChannel: ControllerChannel
  readonly #proposals: IsrProposals
  readonly #fetchers: FetcherManager
  readonly #groups: GroupService
  readonly #groupPublisher: GroupPublisher
  readonly #partitions: PartitionManager
  readonly #losses: LossReports
  readonly #quorum: Quorum
  readonly #topicsOnDemand: TopicCreator
  readonly #producerIds: ProducerIds
  readonly #dispatch: Dispatch<BrokerServices>
  #listener: BrokerListener | undefined
  #registration: Registration | undefined
  #connectionCount = 0
  #hasFailed = false

  /** The parts, in the order of their disposal from last to first; nothing runs yet. */
  constructor(env: Env, options: BrokerOptions, stores: BrokerStores) {
    this.#env = env
    this.#options = options
    this.#times = brokerTimes(options.config)
    this.#stores = this.#parts.use(stores)
    this.#incarnationId = uuidFrom(env.random.fork('incarnation'))
    this.#answerMemory = new AnswerMemory(maxClientAnswerBytes, env.clock)
    this.#peers = this.#parts.use(this.#makePeers())
    this.#controllerChannel = this.#makeControllerChannel()
    const driver = this.#driverOptions()
    this.#proposals = this.#parts.use(new IsrProposals(driver))
    this.#fetchers = this.#parts.use(new FetcherManager({ ...driver, peers: this.#peers }))
    this.#groups = this.#parts.use(this.#makeGroups())
    this.#groupPublisher = new GroupPublisher(this.#groups, () => env.clock.wallMs())
    this.#partitions = this.#parts.use(this.#makePartitions())
    this.#losses = this.#parts.use(new LossReports(driver))
    this.#quorum = this.#parts.use(this.#makeQuorum())
    this.#topicsOnDemand = this.#parts.use(this.#makeTopicsOnDemand())
    this.#producerIds = new ProducerIds(driver)
    this.#parts.defer(() => this.#producerIds.stop())
    this.#dispatch = this.#makeDispatch()
    this.#parts.defer(() => this.#stopping.abort(new Error('the broker stops')))
  }

  get brokerId(): number {
    return this.#options.brokerId
  }

  /** Where clients connect, with the real port. */
  get address(): Address {
    return this.#listener?.address ?? this.#options.listen
  }

  /** All replicas here. For tests and tools. */
  get partitions(): PartitionManager {
    return this.#partitions
  }

  get quorum(): Quorum {
    return this.#quorum
  }

  async start(): Promise<void> {
    const { brokerId, listen } = this.#options
    this.#parts.use(await this.#listen('peer', { kind: 'peer', brokerId }))
    this.#listener = this.#parts.use(await this.#listen('client', listen))
    this.#quorum.start()
    this.#registration = this.#parts.use(this.#startRegistration(this.#listener.address))
    const { clock } = this.#env
    const partitions = this.#partitions
    this.#parts.use(Scrub.start({ clock, partitions, onFailure: this.#onFailure }))
  }

  /** Whether the controller lets this broker serve at the moment. */
  get isServing(): boolean {
    return this.#registration?.isFenced === false
  }

  /** Resolves when the controller has let this broker serve. */
  async ready(): Promise<void> {
    await this.#registration?.whenUnfenced()
  }

  /**
   * Stops in order: leadership moves away, which takes at most `handOverMs` (0: nobody is left to
   * take it), everything is flushed, and the proof of a clean stop is written.
   */
  async stop(handOverMs: number): Promise<void> {
    // Who was never registered leads nothing.
    if (handOverMs > 0 && this.#brokerEpoch() >= 0) await this.#handOver(handOverMs)
    if (!this.#hasFailed) this.#stores.closeCleanly(this.#brokerEpoch())
    await this.#end()
  }

  /** Stops at once, as a crash would, but gives back what the process holds. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
  }

  /** A disk failed or a bug showed: nothing here can be trusted any more. */
  failed(error: unknown): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#stores.notClean()
    this.#env.log.error('the broker cannot go on', { error })
    this.#options.onFailure(error)
  }

  async #handOver(timeoutMs: number): Promise<void> {
    const { promise: timeout, resolve } = Promise.withResolvers<void>()
    const timer = this.#env.clock.setTimer(timeoutMs, resolve)
    this.#quorum.resign()
    await Promise.race([this.#registration?.requestShutDown(), timeout])
    timer.cancel()
  }

  readonly #onFailure = (error: unknown): void => this.failed(error)
  readonly #brokerEpoch = (): number => this.#registration?.brokerEpoch ?? -1

  #driverOptions() {
    return {
      brokerId: this.#options.brokerId,
      brokerEpoch: this.#brokerEpoch,
      clock: this.#env.clock,
      log: this.#env.log,
      controller: this.#controllerChannel,
      onFailure: this.#onFailure,
    }
  }

  #makePeers(): PeerChannels {
    const { peers: network, clock, log } = this.#env
    return new PeerChannels({
      network,
      clock,
      log,
      clientId: `broker-${this.brokerId}`,
      onLost: brokerId => void this.#quorum.connectionLost(brokerId).catch(this.#onFailure),
    })
  }

  #makeControllerChannel(): ControllerChannel {
    return new ControllerChannel({
      brokerId: this.brokerId,
      clock: this.#env.clock,
      random: this.#env.random.fork('controller channel'),
      peers: this.#peers,
      controllerId: () => this.#quorum.controllerId,
      local: (schema, version, body) =>
        this.#dispatch.call(schema, version, body, this.#stopping.signal),
    })
  }

  #makeGroups(): GroupService {
    return new GroupService({
      env: this.#env,
      config: groupConfig(this.#options.config),
      partitionCount: () => this.#quorum.image.topics.byName(offsetsTopic)?.partitions.length ?? 0,
      onBug: this.#onFailure,
    })
  }

  #makePartitions(): PartitionManager {
    return new PartitionManager({
      brokerId: this.brokerId,
      incarnationId: this.#incarnationId,
      clock: this.#env.clock,
      log: this.#env.log,
      store: this.#stores.segments,
      staticConfigs: this.#options.config,
      propose: (partition, leader, proposal) =>
        this.#proposals.propose(partition, leader, proposal),
      reportLosses: replicas => this.#losses.report(replicas),
      follow: (partition, leaderId, epoch) => this.#fetchers.follow(partition, leaderId, epoch),
      unfollow: partition => this.#fetchers.unfollow(partition),
      onLeadership: (partition, leads) => this.#groupPublisher.leadershipChanged(partition, leads),
      onFailure: this.#onFailure,
    })
  }

  #makeQuorum(): Quorum {
    const { clusterId, voters, config } = this.#options
    const { id, store, state } = this.#stores.raft
    const { clock, random, log } = this.#env
    const { sessionTimeoutMs, balanceIntervalMs } = this.#times
    return new Quorum({
      id,
      contacts: voters.map(({ nodeId }) => nodeId),
      state,
      store,
      clock,
      random,
      log,
      peers: this.#peers,
      controller: {
        ...defaultControllerOptions,
        clusterId,
        sessionTimeoutMs,
        staticConfigs: config,
      },
      features: new Map(),
      balanceIntervalMs,
      publishers: [this.#partitions, this.#groupPublisher],
      onFailure: this.#onFailure,
    })
  }

  #makeTopicsOnDemand(): TopicCreator {
    const { config, voters } = this.#options
    return new TopicCreator({
      clock: this.#env.clock,
      log: this.#env.log,
      controller: this.#controllerChannel,
      // A client may come before the second broker: a topic made then would have one replica.
      clusterSize: () => Math.max(voters.length, this.#quorum.image.cluster.brokers.size),
      specs: internalTopicSpecs(config),
      onFailure: this.#onFailure,
    })
  }

  #makeServices(): BrokerServices {
    const { brokerId, clusterId, config } = this.#options
    const { clock, random } = this.#env
    return {
      brokerId,
      clusterId,
      clock,
      random: random.fork('handlers'),
      metadata: this.#quorum,
      controller: this.#quorum.controller,
      groups: this.#groups,
      partitions: new PartitionLookup({
        image: () => this.#quorum.image,
        partition: (topicId, index) => this.#partitions.get(topicId, index),
      }),
      fetchSessions: new FetchSessionCache({
        maxSlots: maxFetchSessions,
        evictionMs: fetchSessionEvictionMs,
        random: random.fork('fetch sessions'),
      }),
      parkedFetches: new ParkedFetches(),
      answerMemory: this.#answerMemory,
      producerIds: this.#producerIds,
      topicsOnDemand: this.#topicsOnDemand,
      staticConfigs: config,
      advertisedApis: advertised(handlers),
      answerEnvelope: (frame, context) => this.#dispatch.answerForwarded(frame, context),
    }
  }

  #makeDispatch(): Dispatch<BrokerServices> {
    return new Dispatch({
      handlers,
      services: this.#makeServices(),
      isController: () => this.#quorum.controller.isActive,
      forward: (frame, { signal }, handler) =>
        this.#controllerChannel.forward(frame, signal, handler),
      onPeerMessage: frame => this.#quorum.receive(frame),
      onBug: this.#onFailure,
    })
  }

  #listen(kind: 'client' | 'peer', address: Address): Promise<BrokerListener> {
    const { clock, log, network, peers } = this.#env
    const { config } = this.#options
    // What clients hold is bounded over all of them; brokers bound what they ask of each other.
    const isClient = kind === 'client'
    const layers = () => brokerLayers(this.#quorum.image, this.brokerId, config)
    const limitBytes = clientRequestBytes(config)
    return BrokerListener.open({
      kind,
      network: isClient ? network : peers,
      limits: isClient ? () => connectionLimits(layers()) : undefined,
      requestMemory: isClient ? new RequestMemory({ limitBytes, clock }) : undefined,
      answerMemory: isClient ? this.#answerMemory : undefined,
      address,
      clock,
      log,
      answer: (connection, frame) => this.#dispatch.answer(connection, frame),
      nextConnectionId: () => {
        this.#connectionCount += 1
        return this.#connectionCount
      },
    })
  }

  #startRegistration(address: Address): Registration {
    const { brokerId, clusterId, zone, advertisedHost } = this.#options
    const port = address.kind === 'tcp' ? address.port : 0
    return Registration.start({
      clock: this.#env.clock,
      log: this.#env.log,
      controller: this.#controllerChannel,
      request: {
        brokerId,
        clusterId,
        incarnationId: this.#incarnationId,
        listeners: [{ name: 'PLAINTEXT', host: advertisedHost, port, securityProtocol: 0 }],
        features: [],
        rack: zone,
        isMigratingZkBroker: false,
        logDirs: [this.#stores.directoryId],
        previousBrokerEpoch: this.#stores.cleanBrokerEpoch,
      },
      heartbeatIntervalMs: this.#times.heartbeatIntervalMs,
      mayServe: () => this.#partitions.mayServe,
      metadataOffset: () => this.#quorum.image.position.offset,
      onFailure: this.#onFailure,
    })
  }
}
