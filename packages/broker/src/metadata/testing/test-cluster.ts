// A controller with brokers for tests: appends what is decided, keeps every entry of the log, and
// has an image that is replayed from the log alone.

import { assert, present, type Random, seededRandom, uuidFromBytes } from '@klamm/base'
import { Controller } from '../controller/controller.ts'
import {
  type ControllerOptions,
  defaultControllerOptions,
  type Predecessor,
} from '../controller/options.ts'
import type { CreatedTopic, NewTopic, Outcome } from '../controller/types.ts'
import { imageAfter } from '../image/delta.ts'
import { type LogPosition, MetadataImage } from '../image/image.ts'
import type { PartitionImage } from '../image/partition.ts'
import type { MetadataRecord } from '../records/records.ts'
import { batchFromPlain, batchToPlain } from '../records/registry.ts'

export interface TestEntry {
  readonly records: readonly MetadataRecord[]
  readonly position: LogPosition
}

export class TestCluster {
  readonly options: ControllerOptions
  readonly random: Random = seededRandom('test cluster')
  readonly log: TestEntry[] = []
  controller: Controller
  nowMs = 1_000
  /** What a broker has that replays the log. */
  replayed = MetadataImage.empty
  /** Sees every entry before it is appended, and may tamper with it. */
  onAppend: (records: readonly MetadataRecord[]) => readonly MetadataRecord[] = records => records
  /** Sees every entry once it is committed. */
  onCommitted: (records: readonly MetadataRecord[]) => void = () => {}
  #term = 1
  #starts = 0

  constructor(options: Partial<ControllerOptions> = {}) {
    this.options = { ...defaultControllerOptions, clusterId: 'test', ...options }
    this.controller = new Controller(MetadataImage.empty, this.options, this.nowMs)
  }

  get image(): MetadataImage {
    return this.controller.image
  }

  get nextOffset(): number {
    return this.log.length
  }

  /** Appends the records of the outcome, commits them, and returns the reply. */
  commit<Reply>({ records: decided, reply }: Outcome<Reply>): Reply {
    const records = this.onAppend(decided)
    if (records.length === 0) return reply
    const position = { offset: this.nextOffset, epoch: this.#term }
    this.controller.replay(records, position)
    const stored = batchFromPlain(JSON.parse(JSON.stringify(batchToPlain(records))))
    this.log.push({ records: stored, position })
    this.replayed = imageAfter(this.replayed, stored, position)
    this.onCommitted(records)
    return reply
  }

  /** Another controller takes over: it has what is in the log, and may know who led before. */
  failOver(predecessor?: Predecessor): void {
    this.#term += 1
    this.controller = new Controller(this.replayed, this.options, this.nowMs, predecessor)
  }

  /** Starts a process of the broker. Unless said otherwise without proof of a clean stop. */
  register(
    brokerId: number,
    options: {
      readonly zone?: string
      readonly previousBrokerEpoch?: number
      readonly logDirs?: readonly string[]
      readonly incarnation?: number
    } = {},
  ) {
    this.#starts += 1
    const incarnation = options.incarnation ?? this.#starts
    return this.commit(
      this.controller.registerBroker(
        {
          brokerId,
          clusterId: this.options.clusterId,
          incarnationId: testId(incarnation),
          endpoints: [{ listener: 'CLIENT', host: 'localhost', port: 9092, securityProtocol: 0 }],
          features: [],
          zone: options.zone,
          logDirs: options.logDirs ?? [`disk-of-${brokerId}`],
          previousBrokerEpoch: options.previousBrokerEpoch ?? -1,
        },
        this.nextOffset,
        this.nowMs,
      ),
    )
  }

  /** A heartbeat of the broker as it is registered, which has applied everything. */
  heartbeat(
    brokerId: number,
    wants: { readonly fence?: boolean; readonly shutDown?: boolean; readonly offset?: number } = {},
  ) {
    return this.commit(
      this.controller.heartbeat(
        {
          brokerId,
          brokerEpoch: this.brokerEpoch(brokerId),
          currentMetadataOffset: wants.offset ?? this.nextOffset - 1,
          wantFence: wants.fence ?? false,
          wantShutDown: wants.shutDown ?? false,
        },
        this.nowMs,
      ),
    )
  }

  /** Starts brokers and unfences them. */
  start(brokerIds: readonly number[], zone?: string): void {
    for (const id of brokerIds) {
      const reply = this.register(id, zone === undefined ? {} : { zone })
      assert(reply.error === 'NONE', 'the broker registers', () => `${reply.message}`)
      assert(!this.heartbeat(id).isFenced, 'the broker is unfenced')
    }
  }

  brokerEpoch(brokerId: number): number {
    return this.image.cluster.broker(brokerId)?.epoch ?? -1
  }

  createTopic(name: string, topic: Partial<NewTopic> = {}): CreatedTopic {
    const full = {
      name,
      partitionCount: topic.assignments === undefined ? 1 : -1,
      replicationFactor: topic.assignments === undefined ? 1 : -1,
      assignments: [],
      configs: [],
      ...topic,
    }
    const request = { topics: [full], validateOnly: false }
    const [created] = this.commit(this.controller.createTopics(request, this.random))
    return present(created, 'one topic, one result')
  }

  /** A topic of one partition with the given replicas. */
  createPartition(name: string, replicas: readonly number[], configs: [string, string][] = []) {
    return this.createTopic(name, {
      assignments: [{ partitionIndex: 0, brokerIds: replicas }],
      configs: configs.map(([key, value]) => ({ name: key, value })),
    })
  }

  partition(topicName: string, index = 0): PartitionImage {
    const topic = this.image.topics.byName(topicName)
    return present(topic?.partitions[index], 'the partition exists')
  }

  /** The leader proposes an ISR, knowing the latest state unless told otherwise. */
  proposeIsr(
    topicName: string,
    isr: readonly number[],
    told: {
      readonly index?: number
      readonly brokerId?: number
      readonly leaderEpoch?: number
      readonly partitionEpoch?: number
      readonly epochs?: ReadonlyMap<number, number>
      readonly leaderRecoveryState?: 'recovered' | 'recovering'
    } = {},
  ) {
    const topic = present(this.image.topics.byName(topicName), 'the topic exists')
    const partition = this.partition(topicName, told.index)
    const brokerId = told.brokerId ?? partition.leader
    const proposed = {
      partitionIndex: told.index ?? 0,
      leaderEpoch: told.leaderEpoch ?? partition.leaderEpoch,
      partitionEpoch: told.partitionEpoch ?? partition.partitionEpoch,
      newIsr: isr.map(id => ({
        brokerId: id,
        brokerEpoch: told.epochs?.get(id) ?? this.brokerEpoch(id),
      })),
      leaderRecoveryState: told.leaderRecoveryState ?? 'recovered',
    } as const
    const reply = this.commit(
      this.controller.alterPartition({
        brokerId,
        brokerEpoch: this.brokerEpoch(brokerId),
        topics: [{ topicId: topic.id, partitions: [proposed] }],
      }),
    )
    return present(reply.topics[0]?.partitions[0], 'one partition, one result')
  }

  /** The broker, as it is registered, has lost its log of a partition. */
  loseReplica(brokerId: number, topicName: string, index = 0) {
    const topic = present(this.image.topics.byName(topicName), 'the topic exists')
    const reply = this.commit(
      this.controller.lostReplicas({
        brokerId,
        brokerEpoch: this.brokerEpoch(brokerId),
        topics: [{ topicId: topic.id, partitionIndexes: [index] }],
      }),
    )
    return present(reply.topics[0]?.partitions[0], 'one partition, one result').error
  }

  /** Time passes; the brokers in `alive` are heard of, sessions of others may run out. */
  wait(ms: number, alive: readonly number[] = []): readonly number[] {
    const step = this.options.sessionTimeoutMs / 8
    const expired: number[] = []
    for (let passed = 0; passed < ms; passed += step) {
      this.nowMs += Math.min(step, ms - passed)
      for (const id of alive) this.heartbeat(id)
      expired.push(...this.commit(this.controller.expireSessions(this.nowMs)))
    }
    return expired
  }

  /** The brokers fall silent together until they are fenced. */
  kill(brokerIds: readonly number[]): void {
    const alive = this.image.cluster
      .sortedIds()
      .filter(id => this.image.cluster.isActive(id) && !brokerIds.includes(id))
    this.wait(this.options.sessionTimeoutMs * 2, alive)
  }
}

/** An id that is told apart by a number. */
export function testId(number: number): string {
  const bytes = new Uint8Array(16)
  bytes[0] = 1
  for (let i = 0; i < 4; i++) bytes[15 - i] = (number >>> (8 * i)) & 0xff
  return uuidFromBytes(bytes)
}
