// What the logs of a store must be after a history of operations, in the simplest form:
// arrays. It remembers every past state too, for a crash may go back to any that nobody
// was promised to be past.

import type { PartitionLog, SegmentStore } from '../segment-store.ts'
import type { MadeBatch } from './batches.ts'

export interface ModelLog {
  readonly startOffset: number
  readonly endOffset: number
  readonly batches: readonly MadeBatch[]
}

interface Version {
  /** Number of the operation that made it. */
  readonly operation: number
  /** Undefined: there is no such log. */
  readonly log: ModelLog | undefined
}

export class StoreModel {
  readonly #versions = new Map<string, Version[]>()
  #operation = 0
  /** Everything up to this operation is durable. */
  #durable = 0
  #incarnation = 0

  get ids(): string[] {
    return [...this.#versions.keys()].filter(id => this.log(id) !== undefined).sort()
  }

  log(id: string): ModelLog | undefined {
    return this.#versions.get(id)?.at(-1)?.log
  }

  /** A log becomes this. Gives what to call when that is durable. */
  set(id: string, log: ModelLog | undefined): () => void {
    this.#operation += 1
    const operation = this.#operation
    let versions = this.#versions.get(id)
    if (versions === undefined) {
      versions = [{ operation: 0, log: undefined }]
      this.#versions.set(id, versions)
    }
    versions.push({ operation, log })
    const incarnation = this.#incarnation
    return () => {
      if (incarnation === this.#incarnation) this.#durable = Math.max(this.#durable, operation)
    }
  }

  /** What the store says from here on is said by a dead process. */
  crashed(): void {
    this.#incarnation += 1
  }

  /** After a crash: takes over what is there, or says in words why it must not be there. */
  adopt(store: SegmentStore): string | undefined {
    for (const id of store.logIds()) {
      if (!this.#versions.has(id)) return `log ${id} was never made`
    }
    for (const [id, versions] of this.#versions) {
      const found = store.find(id)
      const newest = versions.at(-1)?.log
      const oldest = versions.findLastIndex(({ operation }) => operation <= this.#durable)
      const version = versions.slice(oldest).find(({ log }) => isPossible(found, log, newest))
      if (version === undefined) return `log ${id} is ${describe(found)}, which it never was`
      const log = found === undefined ? undefined : take(found, version.log)
      this.#versions.set(id, [{ operation: this.#operation, log }])
    }
    this.#durable = this.#operation
    return undefined
  }
}

/**
 * Whether a log may be found like this when it was once like `version` and at the crash like
 * `newest`: batches at its end may be missing if they had been cut off again by then.
 */
function isPossible(
  found: PartitionLog | undefined,
  version: ModelLog | undefined,
  newest: ModelLog | undefined,
): boolean {
  if (found === undefined || version === undefined) return found === version
  if (found.logStartOffset !== version.startOffset) return false
  if (found.logEndOffset > version.endOffset) return false
  const missing = version.batches.filter(
    ({ header }) => header.baseOffset + header.lastOffsetDelta >= found.logEndOffset,
  )
  if (missing.some(batch => newest?.batches.includes(batch))) return false
  return isSame(found, version.batches.slice(0, version.batches.length - missing.length))
}

function isSame(found: PartitionLog, batches: readonly MadeBatch[]): boolean {
  const { chunks } = found.read(found.logStartOffset, 1e9, found.logEndOffset, true)
  const infos = [...found.batches(0, Number.MAX_SAFE_INTEGER)]
  return (
    chunks.length === batches.length &&
    infos.length === batches.length &&
    batches.every(({ bytes, header }, i) => {
      const info = infos[i]
      const chunk = chunks[i]
      return (
        chunk !== undefined &&
        Buffer.compare(chunk, bytes) === 0 &&
        info?.baseOffset === header.baseOffset &&
        info.lastOffsetDelta === header.lastOffsetDelta &&
        info.partitionLeaderEpoch === header.partitionLeaderEpoch &&
        info.maxTimestamp === header.maxTimestamp &&
        info.producerId === header.producerId &&
        info.baseSequence === header.baseSequence &&
        info.sizeInBytes === bytes.length
      )
    })
  )
}

function take(found: PartitionLog, version: ModelLog | undefined): ModelLog {
  const { logStartOffset, logEndOffset } = found
  const batches = (version?.batches ?? []).filter(
    ({ header }) => header.baseOffset + header.lastOffsetDelta < logEndOffset,
  )
  return { startOffset: logStartOffset, endOffset: logEndOffset, batches }
}

function describe(log: PartitionLog | undefined): string {
  return log === undefined ? 'absent' : `[${log.logStartOffset}, ${log.logEndOffset})`
}
