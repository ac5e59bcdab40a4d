// What a `Write` does to the stored state, as a function: the reference for storage engines, and
// all that a node without a disk needs.

import { assert } from '@klamm/base'
import type { Write } from './ready.ts'
import type { PersistedState } from './types.ts'

/** The state after `write`. The parts are applied in the order that `Write` prescribes. */
export function applyWrite(state: PersistedState, write: Write): PersistedState {
  let { entries, logStart } = state
  if (write.truncateFrom !== undefined) {
    entries = entries.slice(0, Math.max(0, write.truncateFrom - logStart.index - 1))
  }
  if (write.logStart !== undefined) {
    entries = entries.slice(Math.max(0, write.logStart.index - logStart.index))
    logStart = write.logStart
  }
  if (write.entries.length > 0) {
    assert(
      write.entries[0]?.index === logStart.index + entries.length + 1,
      'written entries follow the stored ones',
    )
    entries = [...entries, ...write.entries]
  }
  return {
    hardState: write.hardState ?? state.hardState,
    snapshot: write.snapshot ?? state.snapshot,
    logStart,
    entries,
  }
}
