import { exhaustive } from '@klamm/base/testing'
import { describe, expect, test } from 'vitest'
import { majority, quorumValue, voteOutcome } from './quorum.ts'

describe('quorum arithmetic equals its definition', () => {
  test('two majorities always share a voter', () => {
    for (let count = 1; count <= 9; count++) {
      expect(majority(count) * 2).toBeGreaterThan(count)
      expect((majority(count) - 1) * 2).toBeLessThanOrEqual(count)
    }
  })

  test('the quorum value is the largest that more than half have reached', () => {
    exhaustive(choices => {
      const values = Array.from({ length: 1 + choices.choose(5) }, () => choices.choose(4))
      const reached = [0, 1, 2, 3].filter(
        value => values.filter(one => one >= value).length * 2 > values.length,
      )
      expect(quorumValue(values)).toBe(Math.max(...reached))
    })
  })

  test('a vote is won when it cannot be lost any more, and lost when it cannot be won', () => {
    exhaustive(choices => {
      const votes = Array.from({ length: 1 + choices.choose(5) }, () =>
        [true, false, undefined].at(choices.choose(3)),
      )
      const open = votes.filter(vote => vote === undefined).length
      const granted = votes.filter(vote => vote === true).length
      const isWon = granted * 2 > votes.length
      const canBeWon = (granted + open) * 2 > votes.length
      expect(voteOutcome(votes)).toBe(isWon ? 'won' : canBeWon ? 'pending' : 'lost')
    })
  })
})
