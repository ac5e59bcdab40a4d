// What the brokers of the fake cluster know together: topics, leaders, logs, committed offsets.

import { type Random, type Uuid, uuidFrom } from '@klamm/base'
import { FakeLog } from './fake-log.ts'

export interface FakePartition {
  leaderId: number
  leaderEpoch: number
  readonly replicas: readonly number[]
  readonly log: FakeLog
}

export interface FakeTopic {
  readonly name: string
  readonly topicId: Uuid
  readonly partitions: FakePartition[]
}

export const clusterId = 'fake-cluster-0000000-w'

export class FakeState {
  readonly brokerIds: readonly number[]
  readonly alive: Set<number>
  readonly topics = new Map<string, FakeTopic>()
  readonly coordinators = new Map<string, number>()
  /** By group, then `topic-partition`: the next offset and its metadata. */
  readonly committed = new Map<string, Map<string, { offset: number; metadata: string | null }>>()
  nextProducerId = 1_000
  readonly #random: Random
  readonly #appendListeners = new Set<() => void>()

  constructor(brokerIds: readonly number[], random: Random) {
    this.brokerIds = brokerIds
    this.alive = new Set(brokerIds)
    this.#random = random
  }

  createTopic(name: string, partitions: number): void {
    this.topics.set(name, { name, topicId: uuidFrom(this.#random), partitions: [] })
    this.addPartitions(name, partitions)
  }

  /** Up to so many in all. */
  addPartitions(name: string, count: number): void {
    const { partitions } = this.topic(name)
    for (let p = partitions.length; p < count; p++) {
      const leaderId = this.brokerIds[p % this.brokerIds.length] ?? -1
      const replicas = [leaderId, ...this.brokerIds.filter(id => id !== leaderId)]
      partitions.push({ leaderId, leaderEpoch: 0, replicas, log: new FakeLog() })
    }
  }

  topic(name: string): FakeTopic {
    const topic = this.topics.get(name)
    if (topic === undefined) throw new Error(`the fake cluster has no topic ${name}`)
    return topic
  }

  /** By name, or by id where the name is empty. */
  find(name: string, topicId: Uuid): FakeTopic | undefined {
    if (name !== '') return this.topics.get(name)
    return [...this.topics.values()].find(topic => topic.topicId === topicId)
  }

  partition(name: string, partition: number): FakePartition {
    const found = this.topic(name).partitions[partition]
    if (found === undefined) throw new Error(`the fake cluster has no ${name}-${partition}`)
    return found
  }

  lead(partition: FakePartition, brokerId: number): void {
    partition.leaderId = brokerId
    partition.leaderEpoch += 1
  }

  /** What it led is led by the next broker that lives. */
  failOver(brokerId: number): void {
    for (const { partitions } of this.topics.values()) {
      for (const partition of partitions) {
        if (partition.leaderId !== brokerId) continue
        this.lead(partition, partition.replicas.find(id => this.alive.has(id)) ?? -1)
      }
    }
  }

  coordinatorOf(key: string): number {
    const set = this.coordinators.get(key)
    if (set !== undefined) return set
    return this.brokerIds.find(id => this.alive.has(id)) ?? -1
  }

  appended(): void {
    const listeners = [...this.#appendListeners]
    this.#appendListeners.clear()
    for (const listener of listeners) listener()
  }

  /** Called once, at the next append to any partition. */
  onAppend(listener: () => void): Disposable {
    this.#appendListeners.add(listener)
    return { [Symbol.dispose]: () => this.#appendListeners.delete(listener) }
  }
}
