// Majorities: what a set of voters agrees on, and how a vote ends.

import { assert } from '@klamm/base'

/** How many of `count` voters make a majority. Two majorities of the same voters share one. */
export function majority(count: number): number {
  return Math.floor(count / 2) + 1
}

/**
 * The largest number that a majority has reached, one value per voter: the index that is on a
 * majority, the round a majority has answered, the time since when a majority was silent.
 */
export function quorumValue(values: readonly number[]): number {
  assert(values.length > 0, 'a quorum has voters')
  const descending = values.toSorted((a, b) => b - a)
  return descending[majority(values.length) - 1] ?? 0
}

export type VoteOutcome = 'won' | 'lost' | 'pending'

/** `votes` holds true and false; a voter that has not answered is undefined. */
export function voteOutcome(votes: readonly (boolean | undefined)[]): VoteOutcome {
  const needed = majority(votes.length)
  let granted = 0
  let refused = 0
  for (const vote of votes) {
    if (vote === true) granted += 1
    else if (vote === false) refused += 1
  }
  if (votes.length > 0 && granted >= needed) return 'won'
  return votes.length - refused < needed ? 'lost' : 'pending'
}
