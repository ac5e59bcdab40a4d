// The replicas of broker 1 in a cluster of three, whose metadata a test changes and publishes.

import { type StorageEngine, silentLogger } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import { changesBetween, MetadataImage } from '../../metadata/index.ts'
import { TestCluster, testId } from '../../metadata/testing/test-cluster.ts'
import { MemoryEngine } from '../../storage/memory-engine.ts'
import { openSegmentStore } from '../../storage/segment-store.ts'
import { settled } from '../../testing/turns.ts'
import type { ReplicaId } from '../held-replicas.ts'
import { PartitionManager } from '../partition-manager.ts'

export interface ManagedOptions {
  /** Logs that nothing in the metadata knows. */
  readonly strays?: readonly string[]
  /** Of an earlier run of the broker. */
  readonly engine?: StorageEngine
  readonly cluster?: TestCluster
  /** Tells the runs of the broker apart. */
  readonly incarnation?: number
}

/** Broker 1 as of this incarnation. */
export async function managed(options: ManagedOptions = {}) {
  const { strays = [], engine = new MemoryEngine(), incarnation = 99 } = options
  const clock = new TestClock()
  const cluster = options.cluster ?? new TestCluster()
  const store = await openSegmentStore(engine, {
    log: silentLogger,
    cacheBytes: 0,
    onFailure(error) {
      throw error
    },
  })
  for (const id of strays) store.log(id)
  const events: string[] = []
  const note = (text: string) => events.push(text)
  const reports: { readonly replicas: readonly ReplicaId[]; readonly done: () => void }[] = []
  const manager = new PartitionManager({
    brokerId: 1,
    incarnationId: testId(incarnation),
    clock,
    log: silentLogger,
    store,
    staticConfigs: new Map(),
    propose: partition => note(`propose ${partition.topicName}`),
    reportLosses(replicas) {
      const { promise, resolve } = Promise.withResolvers<void>()
      reports.push({ replicas, done: resolve })
      return promise
    },
    follow: ({ topicName }, leaderId, epoch) => note(`follow ${topicName} ${leaderId} ${epoch}`),
    unfollow: ({ topicName }) => note(`unfollow ${topicName}`),
    onLeadership: ({ topicName }, leads) => note(`${leads ? 'leads' : 'led'} ${topicName}`),
    onFailure(error) {
      throw error
    },
  })
  if (options.cluster === undefined) cluster.start([1, 2, 3])
  let before = MetadataImage.empty
  const publish = () => {
    const after = cluster.replayed
    manager.publish(changesBetween(before, after))
    before = after
    return events.splice(0)
  }
  const begin = () => {
    cluster.register(1, { incarnation })
    if (manager.mayServe) cluster.heartbeat(1)
    return publish()
  }
  const partition = (name: string) => {
    const topic = cluster.image.topics.byName(name)
    return topic === undefined ? undefined : manager.get(topic.id, 0)
  }
  /** The controller has answered all reports. */
  const reported = async () => {
    for (const { done } of reports.splice(0)) done()
    await settled()
    return events.splice(0)
  }
  /** The broker stops, cleanly as far as its store is concerned. */
  const stop = async () => {
    await manager[Symbol.asyncDispose]()
    await store.close()
    events.splice(0)
  }
  return { clock, cluster, store, manager, reports, publish, begin, partition, reported, stop }
}
