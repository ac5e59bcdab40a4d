// A disk that takes its time: writes wait in a queue until they are flushed, a crash keeps the
// flushed ones and a random prefix of the others.

import { assert, type Random } from '@klamm/base'
import type { Write } from '../ready.ts'
import { applyWrite } from '../stored-state.ts'
import type { PersistedState, Term } from '../types.ts'

export class SimDisk {
  #state: PersistedState
  #queue: { readonly readyId: number; readonly write: Write }[] = []
  /** The bytes are damaged: nothing of the state can be trusted. */
  isDamaged = false

  constructor(state: PersistedState) {
    this.#state = state
  }

  /** What a power cut now would leave, at least. */
  get state(): PersistedState {
    return this.#state
  }

  get queueLength(): number {
    return this.#queue.length
  }

  enqueue(readyId: number, write: Write): void {
    this.#queue.push({ readyId, write })
  }

  /** Flushes the oldest write; returns the ready it belongs to. */
  flushNext(): number {
    const next = this.#queue.shift()
    assert(next !== undefined, 'there is a write to flush')
    this.#state = applyWrite(this.#state, next.write)
    return next.readyId
  }

  crash(random: Random): void {
    const kept = random.below(this.#queue.length + 1)
    for (let i = 0; i < kept; i++) this.flushNext()
    this.#queue = []
  }

  get lastIndex(): number {
    return this.#state.logStart.index + this.#state.entries.length
  }

  /** Undefined where the log does not reach. */
  termAt(index: number): Term | undefined {
    const { entries, logStart } = this.#state
    if (index === logStart.index) return logStart.term
    return entries[index - logStart.index - 1]?.term
  }
}
