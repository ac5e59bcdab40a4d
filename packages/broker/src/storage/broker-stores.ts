// Everything a broker keeps, opened in order: whose directory it is, the raft state, the logs.

import type { Env } from '@klamm/base/env'
import { StorageError } from '@klamm/base/env'
import { bootstrapState, type PersistedState, type Unreadable } from '@klamm/raft'
import type { BrokerOptions } from '../broker-options.ts'
import { type MetaStore, openMetaStore } from './meta-store.ts'
import { openRaftStore, type RaftStore } from './raft-store.ts'
import { openSegmentStore, type SegmentStore } from './segment-store.ts'

/** Facts in the meta store. */
const raftFormatted = 'raftFormatted'
const lastBrokerEpoch = 'lastBrokerEpoch'
/** Where the logs ended when they were last closed cleanly. */
const cleanEndSequence = 'cleanEndSequence'

export class BrokerStores implements AsyncDisposable {
  readonly segments: SegmentStore
  readonly raft: RaftStore
  readonly raftState: PersistedState | Unreadable
  /** Under which the broker stopped cleanly; -1: there is no proof that it did (KIP-966). */
  readonly cleanBrokerEpoch: number
  readonly #env: Env
  readonly #meta: MetaStore
  /** Set: write the proof of a clean stop, for this broker epoch. */
  #cleanEpoch: number | undefined
  #mayBeClean = true

  private constructor(
    env: Env,
    meta: MetaStore,
    raft: RaftStore,
    raftState: PersistedState | Unreadable,
    segments: SegmentStore,
  ) {
    this.#env = env
    this.#meta = meta
    this.raft = raft
    this.raftState = raftState
    this.segments = segments
    const epoch = meta.get(lastBrokerEpoch)
    this.cleanBrokerEpoch = meta.wasCleanlyClosed && typeof epoch === 'number' ? epoch : -1
  }

  /** Rejects with StorageError `foreign`, `inUse` or `corrupt`. `onFailure`: a write failed. */
  static async open(
    env: Env,
    options: BrokerOptions,
    onFailure: (error: unknown) => void,
  ): Promise<BrokerStores> {
    const { storage, log, random } = env
    await using stack = new AsyncDisposableStack()
    stack.defer(() => storage.close())
    const { clusterId, brokerId, directoryId } = options
    const meta = await openMetaStore(storage, {
      clusterId,
      brokerId,
      directoryId,
      random: random.fork('meta'),
    })
    stack.defer(() => meta.close(false))
    const raft = openRaftStore(storage)
    stack.defer(() => raft.close())
    const raftState = await loadRaft(meta, raft, options, log)
    const minEndSequence = meta.wasCleanlyClosed ? meta.get(cleanEndSequence) : undefined
    const segments = await openSegmentStore(storage, {
      log,
      onFailure,
      ...(typeof minEndSequence === 'number' ? { minEndSequence } : {}),
    })
    stack.move()
    return new BrokerStores(env, meta, raft, raftState, segments)
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
    stack.defer(() => this.raft.close())
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

/**
 * A node whose raft state is gone or damaged takes no part in the quorum: it must not start as an
 * empty voter under its old identity (RAFT-16).
 */
async function loadRaft(
  meta: MetaStore,
  raft: RaftStore,
  { voters }: BrokerOptions,
  log: Env['log'],
): Promise<PersistedState | Unreadable> {
  try {
    const state = raft.load()
    if (state !== undefined) return state
    if (meta.get(raftFormatted) === true) return { unreadable: 'the raft state is missing' }
    const fresh = bootstrapState({ voters })
    await raft.format(fresh)
    await meta.set(raftFormatted, true)
    return fresh
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'corrupt') throw error
    log.error('the raft state is damaged: this node takes no part in the quorum', { error })
    return { unreadable: error.message }
  }
}
