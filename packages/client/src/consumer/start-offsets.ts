// Where a partition is begun that was just assigned: where a seek said, where the group was, or
// where the policy says.

import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import {
  earliestTimestamp,
  type FetchPartition,
  latestTimestamp,
} from '../fetching/fetch-partition.ts'
import type { Fetching } from '../fetching/fetching.ts'
import { actionFor, type GroupError } from '../membership/actions.ts'
import { type CommittedOffset, committedOffsets } from './offset-questions.ts'

/** A place in a partition: an offset, a time in ms since 1970, or one of its ends. */
export type SeekTarget =
  | { readonly offset: number | 'beginning' | 'end' }
  | { readonly timestamp: number }

interface StartOffsetsOptions {
  readonly core: ClientCore
  readonly groupId: string | undefined
  readonly isReadCommitted: boolean
  /** By `topic-partition`: each is taken once. */
  readonly seeks: Map<string, SeekTarget>
  readonly fetching: Fetching
  /** The next offset to read as the coordinator has it; -1 when it has none. */
  readonly onCommitted: (partition: FetchPartition, offset: number) => void
  readonly onProgress: (partition: FetchPartition) => void
  readonly onDone: () => void
  readonly onFailed: (error: KafkaError) => void
}

export class StartOffsets {
  readonly #options: StartOffsetsOptions

  constructor(options: StartOffsetsOptions) {
    this.#options = options
  }

  /** Finds out; asks the coordinator in the background where that is needed. */
  position(partitions: readonly FetchPartition[]): void {
    const { groupId, seeks, fetching, core } = this.#options
    const open: FetchPartition[] = []
    for (const fetch of partitions) {
      const seek = seeks.get(fetch.key)
      if (seek !== undefined) {
        seeks.delete(fetch.key)
        applySeek(fetch, seek)
      } else if (groupId === undefined) {
        fetching.positions.committed(fetch, fetch.version, -1, -1)
      } else open.push(fetch)
    }
    if (open.length === 0 || groupId === undefined) return
    core.scope.spawn('committed offsets', signal => this.#ask(groupId, open, signal))
  }

  async #ask(
    groupId: string,
    partitions: readonly FetchPartition[],
    signal: AbortSignal,
  ): Promise<void> {
    const { core, isReadCommitted, onProgress, onDone } = this.#options
    const versions = partitions.map(({ version }) => version)
    try {
      const asked = { isReadCommitted, signal }
      const found = await committedOffsets(core, groupId, partitions, asked)
      partitions.forEach((fetch, index) => {
        this.#found(fetch, versions[index] ?? -1, found.get(fetch.key) ?? nothing)
      })
    } catch (error) {
      if (signal.aborted) return
      if (!KafkaError.is(error)) throw error
      if (isFinal(error)) this.#options.onFailed(error)
      partitions.forEach((fetch, index) => {
        this.#askAgain(fetch, versions[index] ?? -1)
      })
    }
    for (const fetch of partitions) onProgress(fetch)
    onDone()
  }

  #found(fetch: FetchPartition, version: number, committed: CommittedOffset): void {
    const { fetching, onCommitted, onFailed } = this.#options
    const { error, offset, leaderEpoch } = committed
    const action = actionFor('fetchOffsets', error)
    if (action === 'succeed') {
      onCommitted(fetch, offset)
      fetching.positions.committed(fetch, version, offset, leaderEpoch)
    } else if (action === 'fail') {
      const where = { topic: fetch.topic, partition: fetch.partition, fatal: true }
      const message = `the committed offset of ${fetch.key} was refused: ${error}`
      onFailed(new KafkaError(error, message, where))
    } else this.#askAgain(fetch, version)
  }

  #askAgain(fetch: FetchPartition, version: number): void {
    const { core, fetching } = this.#options
    fetching.positions.askAgain(fetch, version, core.env.clock.monotonicMs())
  }
}

const nothing: CommittedOffset = { error: 'NONE', offset: -1, leaderEpoch: -1 }

function isFinal(error: KafkaError): boolean {
  // Of the client itself, or of the coordinator.
  if (error.errno === undefined) return !error.retriable
  return actionFor('fetchOffsets', error.code as GroupError) === 'fail'
}

export function applySeek(fetch: FetchPartition, target: SeekTarget): void {
  if ('timestamp' in target) fetch.reset(target.timestamp)
  else if (target.offset === 'beginning') fetch.reset(earliestTimestamp)
  else if (target.offset === 'end') fetch.reset(latestTimestamp)
  else fetch.seek(target.offset)
}
