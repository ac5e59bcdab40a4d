// Who is alive: when each unfenced broker was last heard of. Kept in memory only, by the active
// controller; a new one gives every broker a whole session to find it.

import type { ClusterImage } from '../image/cluster.ts'

interface Session {
  readonly brokerEpoch: number
  contactMs: number
  /** The last metadata the broker said it has applied; -1 before it said so. */
  metadataOffset: number
  /** Where its controlled shutdown was decided; undefined: it is not stopping. */
  shutdownOffset: number | undefined
}

/** Sessions by broker id. Times are monotonic. */
export class BrokerHeartbeats {
  readonly #sessionTimeoutMs: number
  readonly #sessions = new Map<number, Session>()
  #checkedMs: number

  constructor(sessionTimeoutMs: number, nowMs: number) {
    this.#sessionTimeoutMs = sessionTimeoutMs
    this.#checkedMs = nowMs
  }

  /** The broker with this epoch was heard of. */
  heard(brokerId: number, brokerEpoch: number, metadataOffset: number, nowMs: number): void {
    const session = this.#sessions.get(brokerId)
    if (session !== undefined && session.brokerEpoch === brokerEpoch) {
      session.contactMs = nowMs
      session.metadataOffset = Math.max(session.metadataOffset, metadataOffset)
      return
    }
    const begun = { brokerEpoch, contactMs: nowMs, metadataOffset, shutdownOffset: undefined }
    this.#sessions.set(brokerId, begun)
  }

  /** The controlled shutdown of the broker was decided at `offset`. */
  shuttingDown(brokerId: number, offset: number): void {
    const session = this.#sessions.get(brokerId)
    if (session !== undefined) session.shutdownOffset ??= offset
  }

  /** Where the controlled shutdown was decided; undefined if unknown. */
  shutdownOffset(brokerId: number): number | undefined {
    return this.#sessions.get(brokerId)?.shutdownOffset
  }

  forget(brokerId: number): void {
    this.#sessions.delete(brokerId)
  }

  /** True while the broker with this epoch was heard of within the session time-out. */
  isAlive(brokerId: number, brokerEpoch: number, nowMs: number): boolean {
    const session = this.#sessions.get(brokerId)
    if (session === undefined || session.brokerEpoch !== brokerEpoch) return false
    return nowMs - session.contactMs < this.#sessionTimeoutMs
  }

  /** What every active broker has applied; Infinity without one. */
  lowestActiveOffset(cluster: ClusterImage): number {
    let lowest = Number.POSITIVE_INFINITY
    for (const id of cluster.brokers.keys()) {
      if (!cluster.isActive(id)) continue
      lowest = Math.min(lowest, this.#sessions.get(id)?.metadataOffset ?? -1)
    }
    return lowest
  }

  /** When `expired` is to be asked next; undefined without unfenced brokers. */
  nextDeadlineMs(cluster: ClusterImage): number | undefined {
    let earliest: number | undefined
    for (const [id, session] of this.#sessions) {
      if (!cluster.isUnfenced(id)) continue
      const deadlineMs = session.contactMs + this.#sessionTimeoutMs
      if (earliest === undefined || deadlineMs < earliest) earliest = deadlineMs
    }
    if (earliest === undefined) return undefined
    return Math.min(earliest, this.#checkedMs + this.#sessionTimeoutMs / 4)
  }

  /**
   * Unfenced brokers whose session is over, sorted. It is to be asked four times per session (see
   * `nextDeadlineMs`). When it was not, this controller itself stood still: heartbeats may be
   * waiting unread, so the time it stood is taken off everybody's silence.
   */
  expired(cluster: ClusterImage, nowMs: number): number[] {
    const pauseMs = nowMs - this.#checkedMs
    this.#checkedMs = nowMs
    if (pauseMs > this.#sessionTimeoutMs / 2) {
      for (const session of this.#sessions.values()) {
        session.contactMs = Math.min(session.contactMs + pauseMs, nowMs)
      }
    }
    const ids: number[] = []
    for (const [id, { contactMs }] of this.#sessions) {
      if (cluster.isUnfenced(id) && nowMs - contactMs >= this.#sessionTimeoutMs) ids.push(id)
    }
    return ids.sort((a, b) => a - b)
  }
}
