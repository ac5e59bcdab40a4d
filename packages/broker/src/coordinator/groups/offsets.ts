// The committed offsets of the groups of one shard: as they were appended last, on which decisions
// rest, and as they are committed, which is what is served.

import type { CommittedOffset, OffsetCommitRecord, OffsetTombstoneRecord } from './records.ts'

/** What is known of one partition of one group. */
interface Cell {
  /** After everything in the log. */
  appended: CommittedOffset | undefined
  /** After everything committed. */
  committed: CommittedOffset | undefined
  /** Records of it that are not committed. */
  pendingCount: number
}

type Topics = Map<string, Map<number, Cell>>

/** Which of the two states to read. */
export type View = 'appended' | 'committed'

/**
 * Changed by `replay` and `committed` only, so loading a log and serving it run the same code.
 *
 * Always true: without pending records both states of a cell are the same; a cell that is empty in
 * both does not exist.
 */
export class Offsets {
  readonly #groups = new Map<string, Topics>()

  /** The record is in the log. */
  replay(record: OffsetCommitRecord | OffsetTombstoneRecord): void {
    const cell = this.#cell(record)
    cell.appended = record.kind === 'offsetCommit' ? record.value : undefined
    cell.pendingCount += 1
  }

  /** The record, replayed before, is committed. */
  committed(record: OffsetCommitRecord | OffsetTombstoneRecord): void {
    const cell = this.#cell(record)
    cell.committed = record.kind === 'offsetCommit' ? record.value : undefined
    cell.pendingCount -= 1
    const isGone = cell.pendingCount === 0 && cell.committed === undefined
    if (isGone) this.#remove(record.groupId, record.topic, record.partition)
  }

  get(view: View, groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#groups.get(groupId)?.get(topic)?.get(partition)?.[view]
  }

  /** Whether a record of the partition is in the log but not committed. */
  isPending(groupId: string, topic: string, partition: number): boolean {
    const cell = this.#groups.get(groupId)?.get(topic)?.get(partition)
    return cell !== undefined && cell.pendingCount > 0
  }

  /** Whether the group has any offset. */
  has(view: View, groupId: string): boolean {
    return !this.visit(view, groupId, () => false)
  }

  /** The topics for which something is known, in no particular order. */
  topics(groupId: string): Iterable<string> {
    return this.#groups.get(groupId)?.keys() ?? []
  }

  /** The partitions of a topic for which something is known. */
  partitions(groupId: string, topic: string): Iterable<number> {
    return this.#groups.get(groupId)?.get(topic)?.keys() ?? []
  }

  /** All groups for which something is known. */
  groupIds(): Iterable<string> {
    return this.#groups.keys()
  }

  /** Visits the group's offsets until `visit` returns false; false when it did. */
  visit(
    view: View,
    groupId: string,
    visit: (topic: string, partition: number, value: CommittedOffset) => boolean,
  ): boolean {
    for (const [topic, partitions] of this.#groups.get(groupId) ?? []) {
      for (const [partition, cell] of partitions) {
        const value = cell[view]
        if (value !== undefined && !visit(topic, partition, value)) return false
      }
    }
    return true
  }

  #cell(at: {
    readonly groupId: string
    readonly topic: string
    readonly partition: number
  }): Cell {
    let topics = this.#groups.get(at.groupId)
    if (topics === undefined) {
      topics = new Map()
      this.#groups.set(at.groupId, topics)
    }
    let partitions = topics.get(at.topic)
    if (partitions === undefined) {
      partitions = new Map()
      topics.set(at.topic, partitions)
    }
    let cell = partitions.get(at.partition)
    if (cell === undefined) {
      cell = { appended: undefined, committed: undefined, pendingCount: 0 }
      partitions.set(at.partition, cell)
    }
    return cell
  }

  #remove(groupId: string, topic: string, partition: number): void {
    const topics = this.#groups.get(groupId)
    const partitions = topics?.get(topic)
    partitions?.delete(partition)
    if (partitions?.size === 0) topics?.delete(topic)
    if (topics?.size === 0) this.#groups.delete(groupId)
  }
}
