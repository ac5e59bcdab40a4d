// The raft log, term and vote of this node, in one environment. Every value carries a checksum over
// its key and itself, and the head says which entries there must be: what is read back is exactly
// what was written, or it is reported. A node that cannot read its state must not vote (RAFT-16).
//
//   h                  head: term, vote, log start, last index, position of the snapshot
//   s                  snapshot
//   e<index:8 bytes>   one entry

import { assert } from '@klamm/base'
import type { Environment, Put, StorageEngine } from '@klamm/base/env'
import type {
  Configuration,
  Entry,
  HardState,
  LogIndex,
  LogPosition,
  PersistedState,
  Snapshot,
  VoterId,
  Write,
} from '@klamm/raft'
import { damaged, seal, unseal } from './sealed-value.ts'

const headKey = Uint8Array.of(0x68)
const snapshotKey = Uint8Array.of(0x73)
const entryPrefix = 0x65

/** Kept in memory: what the next write has to know of what is stored. */
interface Head {
  readonly hardState: HardState
  readonly snapshot: LogPosition
  /** The place before the first stored entry. */
  readonly logStart: LogPosition
  /** Of the last stored entry; `logStart.index` when there is none. */
  readonly lastIndex: LogIndex
}

/** Opens the store; `load` comes first. Throws StorageError `corrupt`. */
export function openRaftStore(engine: StorageEngine, environmentName: string): RaftStore {
  return new RaftStore(engine.open(environmentName))
}

export class RaftStore {
  readonly #environment: Environment
  #head: Head | undefined

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /**
   * What was written; undefined when nothing ever was: then `format` it. Throws StorageError
   * `corrupt` when anything is damaged or missing.
   */
  load(): PersistedState | undefined {
    const stored = this.#environment.get(headKey)
    if (stored === undefined) {
      this.#refuseRemains()
      return undefined
    }
    const head = readHead(unseal(headKey, stored, 'the head of the raft log'))
    const snapshot = this.#loadSnapshot(head)
    const entries = this.#loadEntries(head)
    this.#head = head
    return { hardState: head.hardState, snapshot, logStart: head.logStart, entries }
  }

  /** Stores the state that a new node begins with. Resolves when it is durable. */
  format(state: PersistedState): Promise<void> {
    assert(this.#head === undefined, 'only a store that holds nothing is formatted')
    const { hardState, snapshot, logStart, entries } = state
    this.#head = { hardState, snapshot, logStart, lastIndex: logStart.index }
    return this.write({ hardState, truncateFrom: undefined, snapshot, logStart, entries })
  }

  /**
   * Applies a write atomically; resolves when it is durable. Writes take effect in call order and
   * several may be under way. A rejection is final.
   */
  async write(write: Write): Promise<void> {
    assert(this.#head !== undefined, 'the store was loaded or formatted before it is written to')
    const puts: Put[] = []
    const head = apply(this.#head, write, puts)
    this.#head = head
    puts.push({ key: headKey, value: seal(headKey, headToPlain(head)) })
    await this.#environment.commit(puts)
  }

  /** Waits for writes under way. */
  close(): Promise<void> {
    return this.#environment.close()
  }

  #refuseRemains(): void {
    this.#environment.visit(undefined, undefined, () => {
      throw damaged('the raft log, which has no head,')
    })
  }

  #loadSnapshot(head: Head): Snapshot {
    const stored = this.#environment.get(snapshotKey)
    if (stored === undefined) throw damaged('the raft snapshot, which is missing,')
    const snapshot = readSnapshot(unseal(snapshotKey, stored, 'the raft snapshot'))
    const { index, term } = head.snapshot
    if (snapshot.index !== index || snapshot.term !== term) throw damaged('the raft snapshot')
    return snapshot
  }

  #loadEntries({ logStart, lastIndex }: Head): Entry[] {
    const entries: Entry[] = []
    for (let index = logStart.index + 1; index <= lastIndex; index++) {
      const key = entryKey(index)
      const stored = this.#environment.get(key)
      const what = `raft entry ${index}`
      if (stored === undefined) throw damaged(`${what}, which is missing,`)
      entries.push(readEntry(unseal(key, stored, what), index))
    }
    return entries
  }
}

/** The puts of a write, in the order that `Write` demands, and the head after it. */
function apply(head: Head, write: Write, puts: Put[]): Head {
  const { truncateFrom, snapshot, entries } = write
  let { lastIndex, logStart } = head
  if (truncateFrom !== undefined && truncateFrom <= lastIndex) {
    assert(truncateFrom > logStart.index, 'what is truncated is stored')
    removeEntries(truncateFrom, lastIndex, puts)
    lastIndex = truncateFrom - 1
  }
  if (snapshot !== undefined) {
    puts.push({ key: snapshotKey, value: seal(snapshotKey, snapshotToPlain(snapshot)) })
  }
  if (write.logStart !== undefined) {
    removeEntries(logStart.index + 1, Math.min(lastIndex, write.logStart.index), puts)
    logStart = write.logStart
    lastIndex = Math.max(lastIndex, logStart.index)
  }
  for (const entry of entries) {
    assert(entry.index === lastIndex + 1, 'entries have no gaps')
    lastIndex = entry.index
    const key = entryKey(entry.index)
    puts.push({ key, value: seal(key, entryToPlain(entry)) })
  }
  const { hardState = head.hardState } = write
  return { hardState, snapshot: snapshot ?? head.snapshot, logStart, lastIndex }
}

function removeEntries(first: LogIndex, last: LogIndex, puts: Put[]): void {
  for (let index = first; index <= last; index++) {
    puts.push({ key: entryKey(index), value: null })
  }
}

function entryKey(index: LogIndex): Uint8Array {
  const key = new Uint8Array(9)
  key[0] = entryPrefix
  new DataView(key.buffer).setBigUint64(1, BigInt(index))
  return key
}

function headToPlain({ hardState, snapshot, logStart, lastIndex }: Head): unknown {
  const { term, votedFor } = hardState
  const vote = votedFor === undefined ? null : voterToPlain(votedFor)
  return [term, vote, snapshot.index, snapshot.term, logStart.index, logStart.term, lastIndex]
}

function readHead(plain: unknown): Head {
  const fields = arrayOf(plain)
  const vote = fields[1]
  return {
    hardState: {
      term: numberOf(fields[0]),
      votedFor: vote === null ? undefined : readVoter(vote),
    },
    snapshot: { index: numberOf(fields[2]), term: numberOf(fields[3]) },
    logStart: { index: numberOf(fields[4]), term: numberOf(fields[5]) },
    lastIndex: numberOf(fields[6]),
  }
}

function snapshotToPlain({ index, term, configuration, data }: Snapshot): unknown {
  return [index, term, configurationToPlain(configuration), data]
}

function readSnapshot(plain: unknown): Snapshot {
  const [index, term, configuration, data] = arrayOf(plain)
  return {
    index: numberOf(index),
    term: numberOf(term),
    configuration: readConfiguration(configuration),
    data: bytesOf(data),
  }
}

function entryToPlain(entry: Entry): unknown {
  switch (entry.kind) {
    case 'normal':
      return [entry.term, entry.data]
    case 'config':
      return [entry.term, configurationToPlain(entry.configuration)]
    case 'noop':
      return [entry.term, null]
  }
}

function readEntry(plain: unknown, index: LogIndex): Entry {
  const [first, payload] = arrayOf(plain)
  const term = numberOf(first)
  if (payload === null) return { kind: 'noop', term, index }
  if (payload instanceof Uint8Array) return { kind: 'normal', term, index, data: bytesOf(payload) }
  return { kind: 'config', term, index, configuration: readConfiguration(payload) }
}

function configurationToPlain({ voters }: Configuration): unknown {
  return voters.map(voterToPlain)
}

function readConfiguration(plain: unknown): Configuration {
  return { voters: arrayOf(plain).map(readVoter) }
}

function voterToPlain({ nodeId, directoryId }: VoterId): unknown {
  return [nodeId, directoryId]
}

function readVoter(plain: unknown): VoterId {
  const [nodeId, directoryId] = arrayOf(plain)
  if (typeof directoryId !== 'string') throw damaged('the raft log')
  return { nodeId: numberOf(nodeId), directoryId }
}

function arrayOf(plain: unknown): readonly unknown[] {
  if (!Array.isArray(plain)) throw damaged('the raft log')
  return plain
}

function numberOf(plain: unknown): number {
  if (typeof plain !== 'number') throw damaged('the raft log')
  return plain
}

/** msgpackr gives a Buffer, which compares unequal to the Uint8Array that went in. */
function bytesOf(plain: unknown): Uint8Array {
  if (!(plain instanceof Uint8Array)) throw damaged('the raft log')
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength)
}
