import { InvariantError } from '@klamm/base'
import { expect, test } from 'vitest'
import { type IsrProposal, IsrState, type PartitionState } from './isr-state.ts'

const committed: PartitionState = {
  leaderEpoch: 3,
  partitionEpoch: 7,
  replicas: [1, 2, 3],
  isr: [1, 2],
}

function propose(ids: readonly number[], partitionEpoch = 7): IsrProposal {
  const isr = ids.map(brokerId => ({ brokerId, brokerEpoch: brokerId }))
  return { kind: 'proposeIsr', isr, leaderEpoch: 3, partitionEpoch, delayMs: 0 }
}

test('both who is there and who was proposed belong to the maximal ISR', () => {
  const state = new IsrState(committed)
  state.proposed(propose([1, 3]))
  expect(state.maximal).toEqual([1, 2, 3])
})

test('retries wait longer and longer, up to a second, and stay the same otherwise', () => {
  const state = new IsrState(committed)
  let proposal = propose([1, 2, 3])
  state.proposed(proposal)
  const delays: number[] = []
  for (let attempt = 0; attempt < 7; attempt++) {
    const next = state.refused('UNKNOWN', proposal)
    if (typeof next === 'string') throw new Error(next)
    expect(next.isr).toBe(proposal.isr)
    delays.push(next.delayMs)
    proposal = next
  }
  expect(delays).toEqual([50, 100, 200, 400, 800, 1000, 1000])
})

test('an answer to an earlier attempt is not an answer to the present one', () => {
  const state = new IsrState(committed)
  const first = propose([1, 2, 3])
  state.proposed(first)
  state.refused('UNKNOWN', first)
  const late = { leaderEpoch: 3, partitionEpoch: 8, isr: [1, 2, 3] }
  expect(state.answered(late, first)).toBe(false)
  expect(state.refused('INELIGIBLE_REPLICA', first)).toBe('waiting')
  expect(state.maximal).toEqual([1, 2, 3])
})

test('an answer of another leader epoch, or of an earlier partition epoch, is not adopted', () => {
  const state = new IsrState(committed)
  const proposal = propose([1, 2, 3])
  state.proposed(proposal)
  expect(state.answered({ leaderEpoch: 4, partitionEpoch: 8, isr: [1] }, proposal)).toBe(false)
  expect(state.answered({ leaderEpoch: 3, partitionEpoch: 6, isr: [1] }, proposal)).toBe(false)
  expect(state.committed).toBe(committed)
})

test('newer metadata end a proposal, those of the same partition epoch do not', () => {
  const state = new IsrState(committed)
  const proposal = propose([1, 2, 3])
  state.proposed(proposal)
  expect(state.updated({ ...committed })).toBe(false)
  expect(state.updated({ ...committed, replicas: [1, 2, 3, 4] })).toBe(true)
  expect(state.pending).toBe(proposal)
  expect(state.updated({ ...committed, partitionEpoch: 8 })).toBe(true)
  expect(state.pending).toBeUndefined()
})

test('there is one proposal at a time, made on the committed state', () => {
  const state = new IsrState(committed)
  expect(() => state.proposed(propose([1], 6))).toThrow(InvariantError)
  state.proposed(propose([1]))
  expect(() => state.proposed(propose([1, 2, 3]))).toThrow(InvariantError)
})
