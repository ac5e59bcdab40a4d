// The topics that are known, and how what a broker says now is merged into it. No I/O.

import { type Uuid, zeroUuid } from '@klamm/base'
import type { ItemOf, MetadataResponse } from '@klamm/protocol'
import type { PartitionInfo, TopicInfo } from './topic-info.ts'

type TopicResponse = ItemOf<MetadataResponse['topics']>

interface Entry {
  info: TopicInfo
  /** When a broker said so: the monotonic clock, in ms. */
  atMs: number
  isStale: boolean
}

export class TopicCache {
  readonly #entries = new Map<string, Entry>()
  readonly #names = new Map<Uuid, string>()

  get(name: string): TopicInfo | undefined {
    return this.#entries.get(name)?.info
  }

  /** As `get`, when it was learned after that time and nobody doubts it. */
  fresh(name: string, sinceMs: number): TopicInfo | undefined {
    const entry = this.#entries.get(name)
    return entry !== undefined && !entry.isStale && entry.atMs >= sinceMs ? entry.info : undefined
  }

  nameOf(topicId: Uuid): string | undefined {
    return this.#names.get(topicId)
  }

  names(): Iterable<string> {
    return this.#entries.keys()
  }

  doubt(name: string): void {
    const entry = this.#entries.get(name)
    if (entry !== undefined) entry.isStale = true
  }

  /** Whether it was known. */
  forget(name: string): boolean {
    const entry = this.#entries.get(name)
    if (entry === undefined) return false
    this.#names.delete(entry.info.topicId)
    return this.#entries.delete(name)
  }

  /** Takes what a broker said. Returns the topic, and whether it differs from what was known. */
  learn(topic: TopicResponse, name: string, nowMs: number): { info: TopicInfo; isNews: boolean } {
    const known = this.get(name)
    const info = infoOf(topic, name, known)
    const isNews = known === undefined || differs(known, info)
    this.#set(info, nowMs)
    return { info, isNews }
  }

  /** Sets the leader of one partition when the epoch is newer. Returns the topic then. */
  lead(name: string, partition: number, leaderId: number, epoch: number): TopicInfo | undefined {
    const entry = this.#entries.get(name)
    const known = entry?.info.partitions[partition]
    if (entry === undefined || known === undefined || epoch <= known.leaderEpoch) return undefined
    const partitions = entry.info.partitions.slice()
    partitions[partition] = { ...known, leaderId, leaderEpoch: epoch }
    entry.info = { ...entry.info, partitions }
    return entry.info
  }

  #set(info: TopicInfo, atMs: number): void {
    this.forget(info.name)
    this.#entries.set(info.name, { info, atMs, isStale: false })
    if (info.topicId !== zeroUuid) this.#names.set(info.topicId, info.name)
  }
}

function infoOf(topic: TopicResponse, name: string, known: TopicInfo | undefined): TopicInfo {
  const { topicId, isInternal } = topic
  // A topic that was made anew begins with epoch 0 again.
  const before = known?.topicId === topicId ? known.partitions : []
  const partitions: PartitionInfo[] = []
  for (const response of topic.partitions) {
    const partition = response.partitionIndex
    const info: PartitionInfo = {
      partition,
      leaderId: response.leaderId,
      leaderEpoch: response.leaderEpoch,
      replicas: response.replicaNodes,
      isr: response.isrNodes,
      offline: response.offlineReplicas,
    }
    const old = before[partition]
    // A broker that lags behind must not send us back to a leader that was (KIP-320).
    const isOlder =
      old !== undefined && info.leaderEpoch !== -1 && info.leaderEpoch < old.leaderEpoch
    partitions[partition] = isOlder ? old : info
  }
  return { name, topicId, isInternal, partitions }
}

/** Whether anything but the in-sync replicas is different: those come and go by themselves. */
function differs(a: TopicInfo, b: TopicInfo): boolean {
  if (a.topicId !== b.topicId || a.partitions.length !== b.partitions.length) return true
  for (let i = 0; i < a.partitions.length; i++) {
    const [p, q] = [a.partitions[i], b.partitions[i]]
    if (p?.leaderId !== q?.leaderId || p?.leaderEpoch !== q?.leaderEpoch) return true
    if (!sameIds(p?.replicas, q?.replicas)) return true
  }
  return false
}

function sameIds(a: readonly number[] = [], b: readonly number[] = []): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i])
}
