// A leader's snapshot arriving in pieces. Nothing of it counts before the last piece is in; memory
// grows with the bytes that really came, never with what a message promises.

import type { SnapshotChunk } from './message.ts'
import type { Snapshot } from './types.ts'

export class PartialSnapshot {
  readonly #head: SnapshotChunk
  readonly #pieces: Uint8Array[] = []
  #receivedBytes = 0

  constructor(head: SnapshotChunk) {
    this.#head = head
  }

  /** The place of the next piece. */
  get receivedBytes(): number {
    return this.#receivedBytes
  }

  get isComplete(): boolean {
    return this.#receivedBytes === this.#head.totalBytes
  }

  /** Whether `chunk` is a piece of this snapshot, sent by the leader of the same term. */
  isPartOf(chunk: SnapshotChunk): boolean {
    return (
      chunk.term === this.#head.term &&
      chunk.snapshotIndex === this.#head.snapshotIndex &&
      chunk.snapshotTerm === this.#head.snapshotTerm &&
      chunk.totalBytes === this.#head.totalBytes
    )
  }

  /** Takes the piece if it is the next one and fits. */
  add(chunk: SnapshotChunk): void {
    if (chunk.offset !== this.#receivedBytes) return
    if (chunk.offset + chunk.data.length > this.#head.totalBytes) return
    this.#pieces.push(chunk.data)
    this.#receivedBytes += chunk.data.length
  }

  /** The whole; only when complete. */
  assemble(): Snapshot {
    const data = new Uint8Array(this.#receivedBytes)
    let offset = 0
    for (const piece of this.#pieces) {
      data.set(piece, offset)
      offset += piece.length
    }
    const { snapshotIndex, snapshotTerm, configuration } = this.#head
    return { index: snapshotIndex, term: snapshotTerm, configuration, data }
  }
}
