// Which change of the voters comes next, and when it is asked for.

import { silentLogger } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import type { ConfigChange, FollowerStatus, Status, VoterId } from '@klamm/raft'
import { expect, test } from 'vitest'
import { nextChange, VoterReplacement } from './voter-replacement.ts'

const nowMs = 100_000
const nodeIds = [1, 2, 3]

function voter(nodeId: number, directoryId = 'old'): VoterId {
  return { nodeId, directoryId }
}

function follower(id: VoterId, changes: Partial<FollowerStatus> = {}): FollowerStatus {
  return {
    id,
    isVoter: false,
    state: 'replicate',
    matchIndex: 950,
    nextIndex: 951,
    inflightAppends: 0,
    inflightBytes: 0,
    lastContactMs: nowMs - 100,
    ...changes,
  }
}

/** Node 1 leads the voters 1 to 3; 3 has come back with another directory. */
function leading(changes: { voters?: VoterId[]; old?: object; back?: object } = {}) {
  const { voters = [voter(1), voter(2), voter(3)], old = {}, back = {} } = changes
  const followers = [
    follower(voter(2), { isVoter: true }),
    follower(voter(3), { isVoter: true, lastContactMs: nowMs - 5_000, ...old }),
    follower(voter(3, 'new'), back),
  ]
  return {
    id: voter(1),
    role: 'leader',
    configuration: { voters },
    followers,
    lastIndex: 1_000,
  } as const satisfies Partial<Status>
}

test('the replica that is gone loses its vote, then the one that came gets it', () => {
  const change = nextChange(leading(), nodeIds, nowMs)
  expect(change).toEqual({ kind: 'removeVoter', voter: voter(3) })
  const without = leading({ voters: [voter(1), voter(2)] })
  expect(nextChange(without, nodeIds, nowMs)).toEqual({ kind: 'addVoter', voter: voter(3, 'new') })
  const done = leading({
    voters: [voter(1), voter(2), voter(3, 'new')],
    back: { isVoter: true },
  })
  expect(nextChange(done, nodeIds, nowMs)).toBeUndefined()
})

test('one that was never heard of in this term is gone too', () => {
  const never = leading({ old: { lastContactMs: undefined } })
  expect(nextChange(never, nodeIds, nowMs)?.kind).toBe('removeVoter')
})

test.each([
  ['the old one is there still', { old: { lastContactMs: nowMs - 100 } }],
  ['the new one is silent', { back: { lastContactMs: nowMs - 5_000 } }],
  ['the new one lags', { back: { matchIndex: 100 } }],
  ['it is not known where the new one stands', { back: { state: 'probe' } }],
] as const)('nothing changes as long as %s', (_what, changes) => {
  expect(nextChange(leading(changes), nodeIds, nowMs)).toBeUndefined()
})

test('brokers that are not to vote stay observers', () => {
  const without = leading({ voters: [voter(1), voter(2)] })
  expect(nextChange(without, [1, 2], nowMs)).toBeUndefined()
})

test('only the leader changes anything', () => {
  expect(nextChange({ ...leading(), role: 'follower' }, nodeIds, nowMs)).toBeUndefined()
})

test('the leader looks again and again, until it leads no more', () => {
  const clock = new TestClock()
  const asked: ConfigChange[] = []
  const replacement = new VoterReplacement({
    clock,
    log: silentLogger,
    nodeIds,
    status: () => leading({ old: { lastContactMs: undefined }, back: { lastContactMs: 0 } }),
    change(change) {
      asked.push(change)
      return { ok: false, reason: 'changePending', leader: voter(1) }
    },
  })
  replacement.roleChanged('follower')
  expect(clock.pendingTimers).toBe(0)
  replacement.roleChanged('leader')
  clock.advance(500)
  clock.advance(500)
  expect(asked).toHaveLength(2)
  replacement.roleChanged('follower')
  expect(clock.pendingTimers).toBe(0)
})
