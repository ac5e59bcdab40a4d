// From where to read: committed offsets, offsets by time, and whether the log of a new leader is
// the one read so far (KIP-320).

import type { ErrorName } from '@klamm/protocol/errors'
import { fetchActionFor } from './actions.ts'
import type {
  FetchingEffect,
  OffsetQuestion,
  PartitionLeader,
  QuestionEntry,
  ResetPolicy,
} from './effects.ts'
import { earliestTimestamp, type FetchPartition, latestTimestamp } from './fetch-partition.ts'

interface Surroundings {
  readonly resetPolicy: ResetPolicy
  readonly partitions: () => Iterable<FetchPartition>
  readonly onEffect: (effect: FetchingEffect) => void
  readonly backOff: (partition: FetchPartition, nowMs: number) => void
}

export class Positions {
  readonly #around: Surroundings

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Partitions whose committed offsets have to be asked for now; each is asked for once. */
  takeUnpositioned(nowMs: number): readonly FetchPartition[] {
    const taken: FetchPartition[] = []
    for (const partition of this.#around.partitions()) {
      if (partition.phase !== 'positioning' || partition.isAsked) continue
      if (nowMs < partition.retryAtMs) continue
      partition.isAsked = true
      taken.push(partition)
    }
    return taken
  }

  /** What was committed: the next offset to read, -1 when nothing was. */
  committed(partition: FetchPartition, version: number, offset: number, leaderEpoch: number): void {
    if (partition.version !== version) return
    if (offset < 0) {
      this.#reset(partition, 'NO_OFFSET', `${partition.key} has no committed offset`)
      return
    }
    partition.seek(offset, leaderEpoch)
    // The log may have changed since it was committed.
    this.#validate(partition)
  }

  /** The answer about a committed offset was an error, or did not come. */
  askAgain(partition: FetchPartition, version: number, nowMs: number): void {
    if (partition.version !== version) return
    partition.isAsked = false
    this.#around.backOff(partition, nowMs)
  }

  /** What metadata says of the partition's leader; undefined when the partition is gone. */
  leaderKnown(partition: FetchPartition, leader: PartitionLeader | undefined): void {
    const leaderId = leader?.leaderId ?? -1
    const leaderEpoch = leader?.leaderEpoch ?? -1
    const isNew = leaderId !== partition.leaderId || leaderEpoch !== partition.leaderEpoch
    if (!isNew || (leaderId >= 0 && leaderEpoch < partition.leaderEpoch)) return
    const isNewEpoch = leaderEpoch > partition.leaderEpoch
    partition.leaderId = leaderId
    if (leaderEpoch >= 0) partition.leaderEpoch = leaderEpoch
    partition.readReplicaId = -1
    // Whatever went wrong, it went wrong with another leader.
    if (partition.retryAtMs < Number.POSITIVE_INFINITY) partition.retryAtMs = 0
    if (isNewEpoch) this.#validate(partition)
  }

  /** Questions to send now, one per leader and kind. */
  takeQuestions(nowMs: number): readonly OffsetQuestion[] {
    const questions = new Map<string, { question: OffsetQuestion; entries: QuestionEntry[] }>()
    for (const partition of this.#around.partitions()) {
      const { phase } = partition
      if (phase !== 'resetting' && phase !== 'validating') continue
      if (partition.isAsked || nowMs < partition.retryAtMs) continue
      if (partition.leaderId < 0) {
        this.#around.backOff(partition, nowMs)
        this.#around.onEffect({ kind: 'refresh', topic: partition.topic })
        continue
      }
      partition.isAsked = true
      const kind = phase === 'resetting' ? 'listOffsets' : 'validate'
      const key = `${partition.leaderId} ${kind}`
      let known = questions.get(key)
      if (known === undefined) {
        const entries: QuestionEntry[] = []
        known = { question: { kind, brokerId: partition.leaderId, entries }, entries }
        questions.set(key, known)
      }
      known.entries.push(entryOf(partition))
    }
    return [...questions.values()].map(({ question }) => question)
  }

  /** The answer of ListOffsets about one partition. */
  listed(
    { partition, version, timestamp }: QuestionEntry,
    error: ErrorName,
    offset: number,
    leaderEpoch: number,
    nowMs: number,
  ): void {
    if (partition.version !== version || partition.phase !== 'resetting') return
    partition.isAsked = false
    const action = fetchActionFor('listOffsets', error)
    if (action === 'succeed' && offset >= 0) {
      partition.seek(offset, leaderEpoch)
    } else if ((action === 'succeed' || action === 'reset') && timestamp !== latestTimestamp) {
      // No record is that young: whatever comes is.
      partition.reset(latestTimestamp)
    } else {
      this.#unanswered(partition, 'ListOffsets', error, nowMs)
    }
  }

  /** The answer of OffsetForLeaderEpoch about one partition. */
  validated(
    { partition, version, leaderEpoch: askedEpoch }: QuestionEntry,
    error: ErrorName,
    leaderEpoch: number,
    endOffset: number,
    nowMs: number,
  ): void {
    if (partition.version !== version || partition.phase !== 'validating') return
    partition.isAsked = false
    const action = fetchActionFor('validate', error)
    if (action !== 'succeed' && action !== 'pass') {
      this.#unanswered(partition, 'OffsetForLeaderEpoch', error, nowMs)
      return
    }
    partition.phase = 'fetching'
    partition.failures = 0
    // More was read since it was asked, which cannot be: nothing is fetched meanwhile.
    if (action === 'pass' || partition.fetchEpoch !== askedEpoch) return
    const isUnknown = endOffset < 0 || leaderEpoch < 0
    if (!isUnknown && endOffset >= partition.fetchOffset) return
    this.#truncated(partition, isUnknown ? undefined : { endOffset, leaderEpoch })
  }

  /** A question got no answer. */
  unanswered(entries: readonly QuestionEntry[], nowMs: number): void {
    for (const { partition, version } of entries) {
      if (partition.version !== version) continue
      partition.isAsked = false
      this.#around.backOff(partition, nowMs)
      this.#around.onEffect({ kind: 'refresh', topic: partition.topic })
    }
  }

  /** The leader's log neither has the offset nor ends with it. */
  outOfRange(partition: FetchPartition): void {
    const text = `offset ${partition.fetchOffset} of ${partition.key} is out of range`
    this.#reset(partition, 'OFFSET_OUT_OF_RANGE', text)
  }

  /** The log ends, in the epoch read last, before what has been read: something was lost. */
  #truncated(
    partition: FetchPartition,
    end: { readonly endOffset: number; readonly leaderEpoch: number } | undefined,
  ): void {
    const { key, fetchOffset, position } = partition
    if (end !== undefined && end.endOffset >= position) {
      // Only what is buffered is gone, or may be another record now.
      partition.seek(position, end.leaderEpoch)
      return
    }
    const text = `the log of ${key} was truncated: offset ${fetchOffset} is not what was read`
    if (end === undefined || this.#around.resetPolicy === 'none') {
      this.#reset(partition, 'OFFSET_OUT_OF_RANGE', text)
      return
    }
    partition.seek(end.endOffset, end.leaderEpoch)
    this.#note(`${text}; going on at ${end.endOffset}, where the logs part`)
  }

  #reset(
    partition: FetchPartition,
    error: 'NO_OFFSET' | 'OFFSET_OUT_OF_RANGE',
    message: string,
  ): void {
    const { resetPolicy } = this.#around
    if (resetPolicy === 'none') {
      partition.retryAtMs = Number.POSITIVE_INFINITY
      partition.isAsked = true
      this.#around.onEffect({ kind: 'failed', partition, error, message })
      return
    }
    partition.reset(resetPolicy === 'earliest' ? earliestTimestamp : latestTimestamp)
    if (error !== 'NO_OFFSET') this.#note(`${message}; going on at the ${resetPolicy}`)
  }

  #validate(partition: FetchPartition): void {
    const isKnown = partition.fetchEpoch >= 0 && partition.leaderEpoch >= 0
    if (partition.phase !== 'fetching' || !isKnown) return
    if (partition.fetchEpoch >= partition.leaderEpoch) return
    partition.phase = 'validating'
    partition.isAsked = false
  }

  #unanswered(partition: FetchPartition, api: string, error: ErrorName, nowMs: number): void {
    if (fetchActionFor(api === 'ListOffsets' ? 'listOffsets' : 'validate', error) === 'fail') {
      const message = `${api} of ${partition.key} was refused: ${error}`
      partition.retryAtMs = Number.POSITIVE_INFINITY
      this.#around.onEffect({ kind: 'failed', partition, error, message })
      return
    }
    this.#around.backOff(partition, nowMs)
    this.#around.onEffect({ kind: 'refresh', topic: partition.topic })
  }

  #note(message: string): void {
    this.#around.onEffect({ kind: 'note', isWarning: true, message })
  }
}

function entryOf(partition: FetchPartition): QuestionEntry {
  return {
    partition,
    version: partition.version,
    currentLeaderEpoch: partition.leaderEpoch,
    timestamp: partition.resetTimestamp,
    leaderEpoch: partition.fetchEpoch,
  }
}
