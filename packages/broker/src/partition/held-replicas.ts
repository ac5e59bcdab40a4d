// Replicas whose log cannot be vouched for: batches are missing or damaged, or its end may be. Each
// is held, which means that it is neither opened nor written to, until the controller has taken
// note that this broker has lost it, and a later leader tells what it has to hold. What is damaged
// thus stays as it is for as long as nobody else has it.

import type { Logger } from '@klamm/base/env'
import { type LocalPartition, noLeader } from '../metadata/index.ts'
import type { SegmentStore } from '../storage/segment-store.ts'

/** Names a replica of this broker. */
export interface ReplicaId {
  readonly topicId: string
  readonly partitionIndex: number
}

export interface HeldReplicasOptions {
  readonly store: SegmentStore
  readonly log: Logger
  /** Tells the controller; resolves when it has taken note. */
  readonly report: (replicas: readonly ReplicaId[]) => Promise<void>
  /** They may be opened, if their partition has a leader again. */
  readonly onReported: (replicas: readonly ReplicaId[]) => void
  readonly onFailure: (error: unknown) => void
}

interface Held extends ReplicaId {
  /**
   * In which the loss was found. What the metadata say up to it may rest on what this replica had.
   */
  readonly leaderEpoch: number
  isReported: boolean
}

export class HeldReplicas {
  readonly #options: HeldReplicasOptions
  readonly #held = new Map<string, Held>()
  #unsent: Held[] = []

  constructor(options: HeldReplicasOptions) {
    this.#options = options
  }

  has(replica: ReplicaId): boolean {
    return this.#held.has(logIdOf(replica))
  }

  /** Whether the controller knows of all losses found so far. */
  get areReported(): boolean {
    for (const { isReported } of this.#held.values()) if (!isReported) return false
    return true
  }

  /** From now on the replica is held. `report` comes after, for all found at the same time. */
  hold({ topicId, topicName, partitionIndex }: Lost, leaderEpoch: number, error: Error): void {
    const held = { topicId, partitionIndex, leaderEpoch, isReported: false }
    this.#held.set(logIdOf(held), held)
    this.#unsent.push(held)
    this.#options.log.error(
      'a replica is lost: it is not served, and filled from its leader anew',
      {
        topic: topicName,
        partition: partitionIndex,
        error,
      },
    )
  }

  report(): void {
    const { report, onReported, onFailure } = this.#options
    const replicas = this.#unsent
    if (replicas.length === 0) return
    this.#unsent = []
    report(replicas)
      .then(() => {
        for (const held of replicas) held.isReported = true
        onReported(replicas)
      })
      .catch(onFailure)
  }

  /**
   * Whether the replica has to be left alone still. When not, it is not held any more, and what was
   * damaged of it is gone.
   */
  keeps({ topicId, topicName, partitionIndex, partition }: LocalPartition): boolean {
    const { store, log, onFailure } = this.#options
    const id = logIdOf({ topicId, partitionIndex })
    const held = this.#held.get(id)
    if (held === undefined) return false
    if (!held.isReported) return true
    const where = { topic: topicName, partition: partitionIndex }
    if (partition.leader === noLeader) {
      log.error('a partition is offline: nobody else is known to have all of it', where)
      return true
    }
    if (partition.leaderEpoch <= held.leaderEpoch) return true
    this.#held.delete(id)
    if (store.corruptLogs.has(id)) store.deleteLog(id).catch(onFailure)
    log.info('a lost replica begins anew', where)
    return false
  }

  /** The replica is none of this broker's any more. */
  forget(replica: ReplicaId): void {
    this.#held.delete(logIdOf(replica))
  }
}

type Lost = Pick<LocalPartition, 'topicId' | 'topicName' | 'partitionIndex'>

/** Under which id the store has the log of a replica. */
export function logIdOf({ topicId, partitionIndex }: ReplicaId): string {
  return `${topicId}-${partitionIndex}`
}
