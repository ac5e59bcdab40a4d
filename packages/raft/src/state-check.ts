// Whether what storage read back can be the state of a node at all. Storage vouches for the bytes;
// this looks at how they fit together.

import type { PersistedState } from './types.ts'

/** What is wrong with the state, in words; undefined when nothing is. */
export function stateProblem(state: PersistedState): string | undefined {
  const { entries, hardState, logStart, snapshot } = state
  if (logStart.index > snapshot.index) return 'the log begins after the snapshot ends'
  if (logStart.term > snapshot.term) return 'the log begins in a later term than the snapshot'
  let { index, term } = logStart
  for (const entry of entries) {
    index += 1
    if (entry.index !== index) return `entry ${index} is missing`
    if (entry.term < term) return `the term goes back at entry ${index}`
    if (index === snapshot.index && entry.term !== snapshot.term) {
      return `entry ${index} is of another term than the snapshot`
    }
    term = entry.term
  }
  if (index < snapshot.index) return 'the log ends before the snapshot'
  if (Math.max(term, snapshot.term) > hardState.term) return 'the log is ahead of the stored term'
  return undefined
}
