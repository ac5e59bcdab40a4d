// Fetches of followers that wait on this broker for news. A follower has one under way at a time,
// and in the meantime may come to follow other partitions, or be ready to ask for one again: then
// it wants the answer now, whatever it is, to ask for all of them.

export class ParkedFetches {
  /** What ends the waiting, by the id of the follower. */
  readonly #parked = new Map<number, Set<() => void>>()

  /** `release` is called when the follower wants its answer. The function returned ends that. */
  park(replicaId: number, release: () => void): () => void {
    let parked = this.#parked.get(replicaId)
    if (parked === undefined) {
      parked = new Set()
      this.#parked.set(replicaId, parked)
    }
    parked.add(release)
    return () => parked.delete(release)
  }

  /** All that wait for this follower are answered with what there is. */
  release(replicaId: number): void {
    for (const release of [...(this.#parked.get(replicaId) ?? [])]) release()
  }
}
