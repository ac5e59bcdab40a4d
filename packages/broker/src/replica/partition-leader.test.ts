import { InvariantError, type Random } from '@klamm/base'
import { seededTest } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { EpochCache } from './epoch-cache.ts'
import type { IsrProposal, PartitionState } from './isr-state.ts'
import type { LeaderOptions } from './leader-types.ts'
import { PartitionLeader } from './partition-leader.ts'

const partition: PartitionState = {
  leaderEpoch: 5,
  partitionEpoch: 10,
  replicas: [1, 2, 3],
  isr: [1, 2, 3],
}

function leader(options: Partial<LeaderOptions> & { isr?: readonly number[] } = {}) {
  return new PartitionLeader({
    brokerId: 1,
    brokerEpoch: 100,
    partition: { ...partition, isr: options.isr ?? partition.isr },
    eligibleBrokers: new Map([
      [1, 100],
      [2, 200],
      [3, 300],
    ]),
    minInsyncReplicas: 1,
    replicaLagTimeMaxMs: 30,
    offsets: { logStartOffset: 0, highWatermark: 0, durableEndOffset: 0, logEndOffset: 0 },
    epochs: new EpochCache(),
    nowMs: 0,
    ...options,
  })
}

function fetched(machine: PartitionLeader, replicaId: number, fetchOffset: number, nowMs = 1) {
  return machine.followerFetched({
    replicaId,
    brokerEpoch: replicaId * 100,
    currentLeaderEpoch: 5,
    fetchOffset,
    lastFetchedEpoch: -1,
    logStartOffset: 0,
    nowMs,
  })
}

function proposalIn(machine: PartitionLeader): IsrProposal {
  const proposal = machine.takeEffects().find(effect => effect.kind === 'proposeIsr')
  if (proposal === undefined) throw new Error('there is no proposal')
  return proposal
}

test('what is not durable on the leader itself is not committed', () => {
  const machine = leader()
  machine.appended(4)
  fetched(machine, 2, 4)
  fetched(machine, 3, 4)
  expect(machine.highWatermark).toBe(0)
  machine.durable(3)
  expect(machine.takeEffects()).toEqual([{ kind: 'highWatermarkAdvanced', highWatermark: 3 }])
})

test('a leader that is alone in its ISR commits what it has as soon as it leads', () => {
  const offsets = { logStartOffset: 0, highWatermark: 2, durableEndOffset: 6, logEndOffset: 6 }
  const machine = leader({ isr: [1], offsets })
  expect(machine.takeEffects()).toEqual([{ kind: 'highWatermarkAdvanced', highWatermark: 6 }])
  expect(machine.clientHighWatermark()).toBe(6)
})

test('a member of the ISR that has not fetched in this epoch holds everything back', () => {
  const machine = leader()
  machine.appended(4)
  machine.durable(4)
  fetched(machine, 2, 4)
  expect(machine.highWatermark).toBe(0)
})

test('a replica that keeps up but may not join does not hold the high watermark back', () => {
  const machine = leader({ isr: [1, 2] })
  fetched(machine, 3, 0)
  // Fenced before its proposal was answered.
  machine.isrProposalFailed('INELIGIBLE_REPLICA', proposalIn(machine))
  machine.brokersChanged(new Map([[1, 100]]))
  machine.appended(4)
  machine.durable(4)
  fetched(machine, 2, 4)
  expect(machine.highWatermark).toBe(4)
})

test('a replica that keeps up is waited for, so that it can join at all', () => {
  const machine = leader({ partition: { ...partition, replicas: [1, 2, 3, 4], isr: [1, 2] } })
  machine.brokersChanged(new Map([3, 4].map(id => [id, id * 100])))
  fetched(machine, 4, 0)
  // It would be next, but there is a proposal already.
  fetched(machine, 3, 0)
  machine.appended(4)
  machine.durable(4)
  fetched(machine, 2, 4, 2)
  fetched(machine, 4, 4, 2)
  expect(machine.highWatermark).toBe(0)
  // Not for ever.
  machine.tick(40)
  expect(machine.highWatermark).toBe(4)
})

test('a follower that had last time what was the end then is caught up under constant load', () => {
  const machine = leader({ isr: [1, 2] })
  for (let ms = 0; ms < 100; ms += 10) {
    machine.appended(ms + 10)
    fetched(machine, 2, ms, ms)
    machine.tick(ms)
  }
  expect(machine.takeEffects().filter(effect => effect.kind === 'proposeIsr')).toEqual([])
})

test('members that have not fetched yet are proposed without an incarnation', () => {
  const machine = leader({ isr: [1, 2] })
  fetched(machine, 3, 0)
  expect(proposalIn(machine).isr).toEqual([
    { brokerId: 1, brokerEpoch: 100 },
    { brokerId: 2, brokerEpoch: -1 },
    { brokerId: 3, brokerEpoch: 300 },
  ])
})

test('a member that was refused does not hold the high watermark back any more', () => {
  const machine = leader({ isr: [1, 2] })
  fetched(machine, 3, 0, 1)
  const proposal = proposalIn(machine)
  machine.appended(4)
  machine.durable(4)
  // Too long ago to be waited for as one that is about to join.
  fetched(machine, 2, 4, 40)
  expect(machine.highWatermark).toBe(0)
  machine.isrProposalFailed('INELIGIBLE_REPLICA', proposal)
  expect(machine.takeEffects()).toEqual([{ kind: 'highWatermarkAdvanced', highWatermark: 4 }])
})

test('one proposal at a time, and the next one right after the answer', () => {
  const machine = leader({ isr: [1] })
  fetched(machine, 2, 0)
  const first = proposalIn(machine)
  fetched(machine, 3, 0)
  expect(machine.takeEffects()).toEqual([])
  machine.isrCommitted({ leaderEpoch: 5, partitionEpoch: 11, isr: [1, 2] }, first)
  expect(proposalIn(machine)).toMatchObject({ partitionEpoch: 11 })
})

test('an answer to a proposal that newer metadata have overtaken changes nothing', () => {
  const machine = leader({ isr: [1] })
  fetched(machine, 2, 0)
  const first = proposalIn(machine)
  machine.controllerUpdate({ ...partition, isr: [1, 2], partitionEpoch: 12 })
  machine.isrCommitted({ leaderEpoch: 5, partitionEpoch: 11, isr: [1] }, first)
  machine.isrProposalFailed('INELIGIBLE_REPLICA', first)
  expect(machine.partition).toMatchObject({ isr: [1, 2], partitionEpoch: 12 })
})

test('metadata of the past change nothing', () => {
  const machine = leader()
  machine.controllerUpdate({ ...partition, isr: [1], partitionEpoch: 9 })
  expect(machine.partition.isr).toEqual([1, 2, 3])
})

test('replicas come and go with the metadata, also when the ISR was known from an answer', () => {
  const machine = leader({ isr: [1, 2] })
  fetched(machine, 3, 0)
  const proposal = proposalIn(machine)
  machine.isrCommitted({ leaderEpoch: 5, partitionEpoch: 11, isr: [1, 2, 3] }, proposal)
  machine.controllerUpdate({ ...partition, replicas: [1, 3], isr: [1, 3], partitionEpoch: 11 })
  expect([...machine.followers.keys()]).toEqual([3])
  expect(fetched(machine, 2, 0)).toEqual({ kind: 'error', error: 'UNKNOWN_LEADER_EPOCH' })
})

test('a fetch beyond the end of the log is out of range', () => {
  expect(fetched(leader(), 2, 1)).toEqual({ kind: 'error', error: 'OFFSET_OUT_OF_RANGE' })
})

test('a topic with fewer replicas than min.insync.replicas asks for all of them', () => {
  const machine = leader({
    partition: { ...partition, replicas: [1], isr: [1] },
    minInsyncReplicas: 2,
  })
  expect(machine.effectiveMinIsr).toBe(1)
  expect(machine.appendError(-1)).toBe('NONE')
})

test('a follower is told a new high watermark once', () => {
  const machine = leader({ isr: [1, 2] })
  machine.highWatermarkSent(2, 0)
  expect(machine.followerLacksHighWatermark(2)).toBe(false)
  machine.appended(2)
  machine.durable(2)
  fetched(machine, 2, 2)
  expect(machine.followerLacksHighWatermark(2)).toBe(true)
  machine.highWatermarkSent(2, 2)
  expect(machine.followerLacksHighWatermark(2)).toBe(false)
  expect(machine.followerLacksHighWatermark(9)).toBe(false)
})

test('the low watermark is the lowest log start of the replicas that live', () => {
  const offsets = { logStartOffset: 5, highWatermark: 8, durableEndOffset: 8, logEndOffset: 8 }
  const machine = leader({ offsets })
  expect(machine.lowWatermark()).toBe(-1)
  for (const [replicaId, logStartOffset] of [
    [2, 5],
    [3, 3],
  ] as const) {
    machine.followerFetched({
      replicaId,
      brokerEpoch: replicaId * 100,
      currentLeaderEpoch: 5,
      fetchOffset: 8,
      lastFetchedEpoch: -1,
      logStartOffset,
      nowMs: 1,
    })
  }
  expect(machine.lowWatermark()).toBe(3)
  machine.brokersChanged(new Map([[2, 200]]))
  expect(machine.lowWatermark()).toBe(5)
})

test('truths about a leader are asserted at its door', () => {
  const machine = leader()
  expect(() => machine.durable(1)).toThrow(InvariantError)
  expect(() => machine.logStartAdvanced(1)).toThrow(InvariantError)
  expect(() => machine.controllerUpdate({ ...partition, leaderEpoch: 6 })).toThrow(InvariantError)
  machine.appended(3)
  expect(() => machine.appended(2)).toThrow(InvariantError)
  const epochs = new EpochCache([{ epoch: 5, startOffset: 0 }])
  expect(() => leader({ epochs })).toThrow('nothing was written in the epoch')
})

/** Random inputs; what must always hold is checked after each. */
class RandomLeader {
  readonly #random: Random
  readonly #machine: PartitionLeader
  readonly #epochs = new EpochCache()
  #pending: IsrProposal | undefined
  #partitionEpoch = 10
  #nowMs = 0
  /** What each follower durably has. */
  readonly #held = new Map([
    [2, 0],
    [3, 0],
  ])

  constructor(random: Random) {
    this.#random = random
    const isr = random.pick([[1], [1, 2], [1, 2, 3]])
    const minInsyncReplicas = random.pick([1, 2])
    this.#machine = leader({ isr, minInsyncReplicas, epochs: this.#epochs })
    this.#effects(0)
  }

  step(): void {
    const machine = this.#machine
    const random = this.#random
    const before = machine.highWatermark
    this.#nowMs += random.below(12)
    switch (random.below(6)) {
      case 0:
        this.#epochs.assign(5, machine.logEndOffset)
        machine.appended(machine.logEndOffset + 1 + random.below(3))
        break
      case 1:
        machine.durable(random.pick([machine.logEndOffset, machine.durableEndOffset]))
        break
      case 2:
      case 3:
        this.#fetch(random.pick([2, 3]))
        break
      case 4:
        machine.tick(this.#nowMs)
        break
      case 5:
        this.#answer()
        break
    }
    this.#effects(before)
  }

  #fetch(id: number): void {
    const held = this.#held.get(id) ?? 0
    const end = this.#machine.logEndOffset
    const next = Math.min(end, held + this.#random.below(4))
    this.#held.set(id, next)
    fetched(this.#machine, id, next, this.#nowMs)
  }

  #answer(): void {
    const proposal = this.#pending
    if (proposal === undefined) return
    this.#pending = undefined
    const isr = proposal.isr.map(({ brokerId }) => brokerId)
    switch (this.#random.below(4)) {
      case 0:
        this.#machine.isrProposalFailed('INELIGIBLE_REPLICA', proposal)
        break
      case 1:
        this.#machine.isrProposalFailed('UNKNOWN', proposal)
        break
      case 2:
        this.#partitionEpoch += 1
        this.#machine.controllerUpdate({
          ...partition,
          isr,
          partitionEpoch: this.#partitionEpoch,
        })
        break
      case 3:
        this.#partitionEpoch += 1
        this.#machine.isrCommitted(
          { leaderEpoch: 5, partitionEpoch: this.#partitionEpoch, isr },
          proposal,
        )
        break
    }
  }

  #effects(before: number): void {
    const machine = this.#machine
    let told = before
    for (const effect of machine.takeEffects()) {
      if (effect.kind === 'proposeIsr') {
        expect(this.#pending).toBeUndefined()
        this.#pending = effect
        expect(effect.isr[0]).toEqual({ brokerId: 1, brokerEpoch: 100 })
      } else {
        expect(effect.highWatermark).toBeGreaterThan(told)
        expect(machine.minIsrSatisfied).toBe(true)
        told = effect.highWatermark
      }
    }
    expect(machine.highWatermark).toBe(told)
    if (told === before) return
    expect(told).toBeLessThanOrEqual(machine.durableEndOffset)
    for (const id of machine.maximalIsr) {
      if (id !== 1) expect(this.#held.get(id)).toBeGreaterThanOrEqual(told)
    }
  }
}

seededTest('the high watermark is durable on the maximal ISR and never falls', 40, random => {
  const machine = new RandomLeader(random)
  for (let step = 0; step < 300; step++) machine.step()
})
