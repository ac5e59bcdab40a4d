// Everything a broker keeps, opened in order: whose directory it is, the raft state, the logs.

import type { Env } from '@klamm/base/env'
import type { BrokerOptions } from '../broker-options.ts'
import { type MetaStore, openMetaStore } from './meta-store.ts'
import { openRaftState, type RaftState } from './raft-state.ts'
import { openSegmentStore, type SegmentStore } from './segment-store.ts'

/** Facts in the meta store. */
const lastBrokerEpoch = 'lastBrokerEpoch'
/** Where the logs ended when they were last closed cleanly. */
const cleanEndSequence = 'cleanEndSequence'

export class BrokerStores implements AsyncDisposable {
  readonly segments: SegmentStore
  readonly raft: RaftState
  /** Under which the broker stopped cleanly; -1: there is no proof that it did (KIP-966). */
  readonly cleanBrokerEpoch: number
  readonly #env: Env
  readonly #meta: MetaStore
  /** Set: write the proof of a clean stop, for this broker epoch. */
  #cleanEpoch: number | undefined
  #mayBeClean = true

  private constructor(env: Env, meta: MetaStore, raft: RaftState, segments: SegmentStore) {
    this.#env = env
    this.#meta = meta
    this.raft = raft
    this.segments = segments
    const epoch = meta.get(lastBrokerEpoch)
    this.cleanBrokerEpoch = meta.wasCleanlyClosed && typeof epoch === 'number' ? epoch : -1
  }

  /** Made once, when the directory was formatted: an emptied directory is another one. */
  get directoryId(): string {
    return this.#meta.directoryId
  }

  /**
   * Rejects with StorageError `foreign`, `inUse` or `corrupt` (it cannot be told whose directory it
   * is, or there is nobody to get the metadata from). `onFailure`: a write failed.
   */
  static async open(
    env: Env,
    options: BrokerOptions,
    onFailure: (error: unknown) => void,
  ): Promise<BrokerStores> {
    const { storage, log, random } = env
    await using stack = new AsyncDisposableStack()
    stack.defer(() => storage.close())
    const { clusterId, brokerId, directoryId, voters, mayFormat = true } = options
    const meta = await openMetaStore(storage, {
      clusterId,
      brokerId,
      ...(mayFormat ? { directoryId } : {}),
      random: random.fork('meta'),
    })
    stack.defer(() => meta.close(false))
    const raft = await openRaftState({
      storage,
      meta,
      brokerId,
      directoryId,
      voters,
      random: random.fork('raft directory'),
      log,
    })
    stack.defer(() => raft.store.close())
    const minEndSequence = meta.wasCleanlyClosed ? meta.get(cleanEndSequence) : undefined
    const segments = await openSegmentStore(storage, {
      log,
      onFailure,
      ...(typeof minEndSequence === 'number' ? { minEndSequence } : {}),
    })
    stack.move()
    return new BrokerStores(env, meta, raft, segments)
  }

  /** When it is disposed of, the proof of a clean stop under this epoch is written last. */
  closeCleanly(brokerEpoch: number): void {
    if (brokerEpoch >= 0 && this.#mayBeClean) this.#cleanEpoch = brokerEpoch
  }

  /** Something failed: what was acknowledged may be missing here, so there is no such proof. */
  notClean(): void {
    this.#mayBeClean = false
    this.#cleanEpoch = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using stack = new AsyncDisposableStack()
    stack.defer(() => this.#env.storage.close())
    stack.defer(() => this.#closeMeta())
    stack.defer(() => this.raft.store.close())
    try {
      await this.segments.close()
    } catch (error) {
      this.notClean()
      throw error
    }
  }

  async #closeMeta(): Promise<void> {
    const epoch = this.#cleanEpoch
    if (epoch !== undefined) {
      await this.#meta.set(lastBrokerEpoch, epoch)
      await this.#meta.set(cleanEndSequence, this.segments.endSequence)
    }
    // A commit that failed at the very end was told meanwhile.
    await this.#meta.close(epoch !== undefined && this.#mayBeClean)
  }
}
