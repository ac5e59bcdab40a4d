import { seededRandom } from '@klamm/base'
import { describe, expect, test } from 'vitest'
import { type RaftConfig, raftConfig } from './config.ts'
import type { Packet } from './message.ts'
import { RaftNode, type Unreadable } from './raft-node.ts'
import type { Ready } from './ready.ts'
import { applyWrite } from './stored-state.ts'
import { testVoter } from './testing/ids.ts'
import { randomPacket } from './testing/random-packet.ts'
import { bootstrapState, type PersistedState } from './types.ts'

/** A node with an instant disk. */
class Driven {
  readonly node: RaftNode
  state: PersistedState
  readonly readies: Ready[] = []

  constructor(state: PersistedState | Unreadable, config: Partial<RaftConfig> = {}) {
    this.state = 'unreadable' in state ? bootstrapState() : state
    this.node = new RaftNode({
      id: testVoter(1),
      config: raftConfig(config),
      state,
      random: seededRandom(1),
      nowMs: 0,
    })
  }

  run(): void {
    while (this.node.hasReady()) {
      const ready = this.node.ready()
      this.readies.push(ready)
      if (ready.write === undefined) continue
      this.state = applyWrite(this.state, ready.write)
      this.node.persisted(ready.id)
    }
  }
}

function single(config: Partial<RaftConfig> = {}): Driven {
  const driven = new Driven(bootstrapState({ voters: [testVoter(1)] }), config)
  driven.node.tick(0)
  driven.run()
  return driven
}

const three = bootstrapState({ voters: [testVoter(1), testVoter(2), testVoter(3)] })

/** The leader of three voters, with its first entry committed. */
function leader(config: Partial<RaftConfig> = {}): Driven {
  const driven = new Driven(three, config)
  driven.node.campaign()
  driven.run()
  const from2 = (message: Packet['message']) => {
    driven.node.step({ from: testVoter(2), to: testVoter(1), message }, 0)
    driven.run()
  }
  from2({ kind: 'preVoteResponse', term: 0, candidateTerm: 1, granted: true, leader: undefined })
  from2({ kind: 'voteResponse', term: 1, granted: true })
  from2({ kind: 'appendAccepted', term: 1, matchIndex: 1 })
  return driven
}

describe('a single voter', () => {
  test('leads at once, and commits what its own disk holds', () => {
    const { node } = single()
    expect(node.status()).toMatchObject({ role: 'leader', term: 1, commitIndex: 1 })
    const result = node.propose(new Uint8Array([1]))
    expect(result).toEqual({ ok: true, position: { term: 1, index: 2 } })
    const ready = node.ready()
    expect(ready.apply).toEqual([])
    node.persisted(ready.id)
    expect(node.ready().apply).toMatchObject([{ kind: 'normal', index: 2 }])
  })

  test('answers a read in the same step, having nobody to ask', () => {
    const { node } = single()
    expect(node.readIndex(5)).toEqual({ ok: true })
    expect(node.ready().reads).toEqual([{ requestId: 5, index: 1 }])
  })

  test('needs no timer', () => {
    expect(single().node.nextWakeMs()).toBeUndefined()
  })

  test('comes back with what it wrote', () => {
    const before = single()
    before.node.propose(new Uint8Array([1]))
    before.run()
    const after = new Driven(before.state)
    after.node.tick(0)
    after.run()
    expect(after.node.status()).toMatchObject({ role: 'leader', term: 2, commitIndex: 3 })
  })
})

describe('limits', () => {
  test('an entry that is too large is refused', () => {
    const { node } = single({ entryBytesMax: 10 })
    expect(node.propose(new Uint8Array(11))).toMatchObject({ ok: false, reason: 'tooLarge' })
    expect(node.propose(new Uint8Array(10))).toMatchObject({ ok: true })
  })

  test('proposals are refused while too much is not committed, and taken again when it is', () => {
    const driven = single({ uncommittedBytesMax: 100 })
    const { node } = driven
    expect(node.propose(new Uint8Array(90))).toMatchObject({ ok: true })
    expect(node.propose(new Uint8Array(1))).toMatchObject({ ok: false, reason: 'busy' })
    driven.run()
    expect(node.propose(new Uint8Array(1))).toMatchObject({ ok: true })
  })

  test('reads are refused while too many wait', () => {
    const { node } = leader({ pendingReadsMax: 2 })
    expect([1, 2, 3].map(id => node.readIndex(id).ok)).toEqual([true, true, false])
  })

  test('observers beyond the limit are not taken on', () => {
    const { node } = leader({ observersMax: 1 })
    for (const nodeId of [7, 8]) {
      const message = { kind: 'observe', term: 0 } as const
      node.step({ from: testVoter(nodeId), to: testVoter(1), message }, 0)
    }
    expect(node.status().followers.map(({ id }) => id.nodeId)).toEqual([2, 3, 7])
  })

  test('what is applied comes out in pieces', () => {
    const driven = single({ applyBytesMax: 40 })
    for (let i = 0; i < 5; i++) driven.node.propose(new Uint8Array(4))
    driven.readies.length = 0
    driven.run()
    const sizes = driven.readies.map(({ apply }) => apply.length).filter(size => size > 0)
    expect(sizes).toEqual([2, 2, 1])
  })

  test('a follower that does not answer gets no more than its window', () => {
    const driven = leader({ inflightAppendsMax: 3 })
    driven.readies.length = 0
    for (let i = 0; i < 10; i++) {
      driven.node.propose(new Uint8Array([i]))
      driven.run()
    }
    const appends = driven.readies.flatMap(({ send }) =>
      send.filter(({ message, to }) => to.nodeId === 2 && message.kind === 'append'),
    )
    expect(appends.length).toBe(3)
  })

  test('a snapshot that is too large is not taken', () => {
    const driven = new Driven(three, { snapshotBytesMax: 3 })
    const message = {
      kind: 'snapshotChunk',
      term: 1,
      snapshotIndex: 5,
      snapshotTerm: 1,
      configuration: { voters: [testVoter(2)] },
      totalBytes: 4,
      offset: 0,
      data: new Uint8Array(4),
    } as const
    driven.node.step({ from: testVoter(2), to: testVoter(1), message }, 0)
    driven.run()
    expect(driven.node.status().snapshotIndex).toBe(0)
  })

  test('limits that contradict each other are refused at once', () => {
    expect(() => raftConfig({ heartbeatMs: 900 })).toThrow('two heartbeats')
    expect(() => raftConfig({ checkQuorumMs: 10 })).toThrow('outlasts')
    expect(() => raftConfig({ appendBytesMax: 0 })).toThrow('positive')
  })
})

describe('time', () => {
  test('a voter asks for votes after one to two election timeouts', () => {
    const { node } = new Driven(three)
    const wakeMs = node.nextWakeMs() ?? 0
    expect(wakeMs).toBeGreaterThanOrEqual(1000)
    expect(wakeMs).toBeLessThan(2000)
    node.tick(wakeMs - 1)
    expect(node.status().role).toBe('follower')
    node.tick(wakeMs)
    expect(node.status().role).toBe('preCandidate')
  })

  test('a leader wakes for its heartbeats', () => {
    const driven = leader()
    expect(driven.node.nextWakeMs()).toBe(100)
    driven.node.tick(100)
    expect(driven.node.ready().send.map(({ message }) => message.kind)).toEqual([
      'heartbeat',
      'heartbeat',
    ])
    expect(driven.node.nextWakeMs()).toBe(200)
  })

  test('an observer that is silent for long is forgotten', () => {
    const { node } = leader({ checkQuorumMs: 60_000 })
    const message = { kind: 'observe', term: 0 } as const
    node.step({ from: testVoter(7), to: testVoter(1), message }, 0)
    node.tick(9_900)
    expect(node.status().followers.length).toBe(3)
    node.tick(10_000)
    expect(node.status().followers.length).toBe(2)
  })

  test('time that goes back is ignored', () => {
    const driven = leader()
    driven.node.tick(1000)
    driven.node.tick(10)
    expect(driven.node.nextWakeMs()).toBe(1100)
  })
})

describe('a node with unusable state', () => {
  const gap: PersistedState = { ...three, entries: [{ kind: 'noop', term: 1, index: 2 }] }
  const ahead: PersistedState = { ...three, entries: [{ kind: 'noop', term: 1, index: 1 }] }
  const cases = [
    { name: 'unreadable', state: { unreadable: 'checksum' }, reason: 'checksum' },
    { name: 'a gap in the log', state: gap, reason: 'entry 1 is missing' },
    { name: 'a log ahead of the term', state: ahead, reason: 'ahead of the stored term' },
  ]
  for (const { name, reason, state } of cases) {
    test(`takes no part: ${name}`, () => {
      const { node } = new Driven(state)
      expect(node.status()).toMatchObject({ role: 'unreadable', isVoter: false })
      expect(node.status().unreadableReason).toContain(reason)
      const random = seededRandom(1)
      for (let i = 0; i < 200; i++) node.step(randomPacket(random, testVoter(1)), i)
      node.tick(1_000_000)
      node.campaign()
      expect(node.hasReady()).toBe(false)
      expect(node.nextWakeMs()).toBeUndefined()
      expect(node.propose(new Uint8Array(0))).toMatchObject({ reason: 'unreadable' })
      expect(node.readIndex(1)).toMatchObject({ reason: 'unreadable' })
      expect(node.transferLeadership()).toMatchObject({ reason: 'unreadable' })
    })
  }
})

test('an observer whose leader has ended asks around at once, one that follows another does not', () => {
  const { node, run } = observing()
  const heartbeat = { kind: 'heartbeat', term: 1, commit: 0, round: 0 } as const
  node.step({ from: testVoter(2), to: testVoter(9), message: heartbeat }, 0)
  run()
  node.forgetLeader(3)
  expect(node.status().leader).toEqual(testVoter(2))
  node.forgetLeader(2)
  expect(node.status().leader).toBeUndefined()
  expect(node.nextWakeMs()).toBe(0)
  node.tick(0)
  expect(run().flatMap(({ send }) => send)).toMatchObject([{ message: { kind: 'observe' } }])
})

/** Node 9 of the three voters' cluster, which is no voter. */
function observing() {
  const random = seededRandom(1)
  const options = { id: testVoter(9), config: raftConfig(), state: three, random, nowMs: 0 }
  const node = new RaftNode(options)
  const run = () => {
    const readies: Ready[] = []
    while (node.hasReady()) {
      const ready = node.ready()
      readies.push(ready)
      if (ready.write !== undefined) node.persisted(ready.id)
    }
    return readies
  }
  return { node, run }
}

describe('packets', () => {
  test('for another directory are not looked at', () => {
    const { node } = new Driven(three)
    const message = { kind: 'vote', term: 9, lastIndex: 9, lastTerm: 9, transfer: false } as const
    node.step({ from: testVoter(2), to: testVoter(1, 1), message }, 0)
    expect(node.status().term).toBe(0)
    node.step({ from: testVoter(2), to: testVoter(1), message }, 0)
    expect(node.status().term).toBe(9)
  })

  test('of any content never break a node', () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = seededRandom(`packets ${seed}`)
      const driven = new Driven(three, { observersMax: 2 })
      for (let nowMs = 0; nowMs < 4000; nowMs += random.below(40)) {
        driven.node.step(randomPacket(random, testVoter(1)), nowMs)
        if (random.chance(0.1)) driven.node.tick(nowMs)
        if (random.chance(0.1)) driven.node.propose(random.bytes(3))
        if (random.chance(0.8)) driven.run()
      }
      const { appliedIndex, commitIndex, lastIndex, snapshotIndex } = driven.node.status()
      const order = [snapshotIndex, appliedIndex, commitIndex, lastIndex]
      expect(order).toEqual(order.toSorted((a, b) => a - b))
    }
  })
})

test('a ready is confirmed once, and in order', () => {
  const { node } = new Driven(three)
  node.campaign()
  expect(() => node.persisted(1)).toThrow('confirmed once')
})
