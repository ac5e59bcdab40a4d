// The raft state of this node, and as which replica of the metadata it takes part. A replica whose
// state is gone or damaged has forgotten what it promised, so it must not come back as the voter it
// was (RAFT-16). The node then begins as another replica (KIP-853), with nothing: it learns the
// metadata from the others, and votes again once they have taken it on. What is damaged stays where
// it is.

import { type Random, uuidFrom } from '@klamm/base'
import { type Logger, type StorageEngine, StorageError } from '@klamm/base/env'
import { bootstrapState, type PersistedState, type VoterId } from '@klamm/raft'
import type { MetaStore } from './meta-store.ts'
import { openRaftStore, type RaftStore } from './raft-store.ts'

export interface RaftStateOptions {
  readonly storage: StorageEngine
  readonly meta: MetaStore
  readonly brokerId: number
  /** Of the directory that the first voters know this broker by. */
  readonly directoryId: string
  readonly voters: readonly VoterId[]
  readonly random: Random
  readonly log: Logger
}

export interface RaftState {
  readonly id: VoterId
  readonly store: RaftStore
  readonly state: PersistedState
}

/** Facts in the meta store. How often the state was lost, and as which replica the last one is. */
const lossCount = 'raftLossCount'
const replicaDirectoryId = 'raftDirectoryId'

/** Rejects with StorageError `corrupt` when there is nobody to learn the metadata from. */
export async function openRaftState(options: RaftStateOptions): Promise<RaftState> {
  try {
    return await open(options)
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'corrupt') throw error
    return await beginAnew(options, error)
  }
}

async function beginAnew(options: RaftStateOptions, error: StorageError): Promise<RaftState> {
  const { meta, log, random } = options
  refuseLoneVoter(options, error)
  log.error('the raft state is lost: this node is another replica of the metadata from now on', {
    error,
  })
  // In this order: the old state under a new identity is an observer that knows too much.
  await meta.set(replicaDirectoryId, uuidFrom(random))
  await meta.set(lossCount, lossesOf(meta) + 1)
  return await open(options)
}

async function open(options: RaftStateOptions): Promise<RaftState> {
  const { storage, meta, brokerId } = options
  const losses = lossesOf(meta)
  const store = openRaftStore(storage, losses === 0 ? 'raft' : `raft-${losses}`)
  try {
    const state = store.load() ?? (await formatted(options, store, losses))
    const stored = meta.get(replicaDirectoryId)
    const directoryId = typeof stored === 'string' ? stored : meta.directoryId
    return { id: { nodeId: brokerId, directoryId }, store, state }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function formatted(
  options: RaftStateOptions,
  store: RaftStore,
  losses: number,
): Promise<PersistedState> {
  const { meta, voters, directoryId, log } = options
  const isFormatted = losses === 0 ? 'raftFormatted' : `raftFormatted-${losses}`
  if (meta.get(isFormatted) === true) {
    throw new StorageError('corrupt', 'the raft state is missing')
  }
  const isReplaced = meta.directoryId !== directoryId
  if (isReplaced) {
    const error = new StorageError('corrupt', 'the data directory is not the one it was')
    refuseLoneVoter(options, error)
    log.error('the data directory was empty: everything comes from other brokers', {
      directoryId: meta.directoryId,
    })
  }
  const fresh = bootstrapState({ voters: isReplaced || losses > 0 ? [] : voters })
  await store.format(fresh)
  await meta.set(isFormatted, true)
  return fresh
}

function lossesOf(meta: MetaStore): number {
  const count = meta.get(lossCount)
  return typeof count === 'number' ? count : 0
}

function refuseLoneVoter({ voters, brokerId }: RaftStateOptions, cause: StorageError): void {
  if (voters.some(({ nodeId }) => nodeId !== brokerId)) return
  const message = `${cause.message}, and no other broker has the metadata of the cluster`
  throw new StorageError('corrupt', message, { cause })
}
