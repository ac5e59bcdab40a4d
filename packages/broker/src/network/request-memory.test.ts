// Who is read when the memory for requests is used up, and who has to go.

import { TestClock } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { freeRequestBytesPerConnection } from '../limits.ts'
import { type RequestClaim, RequestMemory } from './request-memory.ts'

const free = freeRequestBytesPerConnection
const mib = 1024 * 1024

/** A connection as the memory sees it: it sends as much as the test says, when it is read. */
class Sender {
  readonly #memory: RequestMemory
  readonly #claim: RequestClaim
  receiving = 0
  inProgress = 0
  isRead = true
  isGone = false

  constructor(memory: RequestMemory) {
    this.#memory = memory
    this.#claim = memory.claim({
      readOn: () => this.#balance(),
      evict: () => {
        this.isGone = true
        this.receiving = 0
        memory.end(this.#claim)
      },
    })
  }

  sends(bytes: number): void {
    expect(this.isRead).toBe(true)
    this.receiving += bytes
    this.#balance()
  }

  /** The rest of the frame comes. */
  completes(): void {
    expect(this.isRead).toBe(true)
    this.inProgress += this.receiving
    this.receiving = 0
    this.#balance()
  }

  isAnswered(): void {
    this.inProgress = 0
    this.#balance()
  }

  #balance(): void {
    this.#memory.holds(this.#claim, this.receiving, this.inProgress)
    if (!this.isGone) this.isRead = this.#memory.mayRead(this.#claim)
  }
}

function memoryOf(limitBytes: number) {
  const clock = new TestClock()
  const memory = new RequestMemory({ limitBytes, clock })
  const sender = () => new Sender(memory)
  return {
    clock,
    memory,
    sender,
    senders: (count: number) => Array.from({ length: count }, sender),
  }
}

test('all are read while there is memory, and what is answered makes room', () => {
  const { memory, sender, clock } = memoryOf(10 * mib)
  const one = sender()
  for (let i = 0; i < 5; i++) {
    one.sends(9 * mib)
    one.completes()
    expect(memory.takenBytes).toBe(9 * mib)
    one.isAnswered()
  }
  expect(memory.takenBytes).toBe(0)
  expect(clock.pendingTimers).toBe(0)
})

test('small requests never wait for large ones', () => {
  const { senders, sender } = memoryOf(10 * mib)
  const large = senders(3)
  for (const each of large) each.sends(5 * mib)
  expect(large.map(each => each.isRead)).toEqual([true, true, false])
  const small = sender()
  for (let i = 0; i < 5; i++) {
    small.sends(free)
    small.completes()
    small.isAnswered()
  }
  expect(small.isRead).toBe(true)
})

test('half frames that take all the memory come through one after the other', () => {
  const { memory, senders } = memoryOf(10 * mib)
  const all = senders(10)
  for (const each of all) each.sends(mib)
  const served: number[] = []
  for (let round = 0; round < 30; round++) {
    for (const [i, each] of all.entries()) {
      if (!each.isRead || served.includes(i)) continue
      each.sends(mib)
      if (each.isRead) each.completes()
      if (each.inProgress === 0) continue
      served.push(i)
      each.isAnswered()
    }
  }
  expect(served.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(memory.takenBytes).toBe(0)
})

test('only one may go beyond the limit at a time, until it is answered', () => {
  const { memory, senders } = memoryOf(10 * mib)
  const all = senders(4)
  for (const each of all) each.sends(4 * mib)
  const [first, second, third, fourth] = all as [Sender, Sender, Sender, Sender]
  // The third reached the limit and got the turn; the first two are not paused before they send.
  expect([third.isRead, fourth.isRead]).toEqual([true, false])
  first.sends(1)
  second.sends(1)
  expect([first.isRead, second.isRead]).toEqual([false, false])
  third.sends(50 * mib)
  third.completes()
  expect(all.map(each => each.isRead)).toEqual([false, false, false, false])
  expect(memory.takenBytes).toBe(66 * mib + 2)
  third.isAnswered()
  expect(fourth.isRead).toBe(true)
  expect([first.isRead, second.isRead]).toEqual([false, false])
})

test('the line is first come, first served', () => {
  const { senders } = memoryOf(10 * mib)
  const all = senders(5)
  for (const each of all) each.sends(10 * mib)
  const order: number[] = []
  for (let i = 0; i < 5; i++) {
    const turn = all.findIndex(each => each.isRead && each.receiving > 0)
    order.push(turn)
    all[turn]?.completes()
    all[turn]?.isAnswered()
  }
  expect(order).toEqual([0, 1, 2, 3, 4])
})

test('who waits for its own answers does not take the turn', () => {
  const { senders } = memoryOf(10 * mib)
  const [busy, half] = senders(2) as [Sender, Sender]
  busy.sends(9 * mib)
  busy.completes()
  half.sends(2 * mib)
  expect(half.isRead).toBe(true)
  // It has the turn, and gives it back when it is answered; the other still waits for itself.
  half.completes()
  half.isAnswered()
  expect(half.isRead).toBe(true)
})

test('a turn that is not used costs all large half frames of the kind, at once', () => {
  const { clock, memory, senders, sender } = memoryOf(100 * mib)
  const attackers = senders(500)
  for (const each of attackers) each.sends(mib / 4)
  const honest = sender()
  honest.sends(mib)
  expect(honest.isRead).toBe(false)
  clock.advance(2_000)
  expect(attackers.filter(each => each.isGone).length).toBeGreaterThan(250)
  expect([honest.isGone, honest.isRead]).toEqual([false, true])
  expect(memory.takenBytes).toBeLessThanOrEqual(51 * mib)
})

test('who has the turn and delivers keeps it', () => {
  const { clock, senders } = memoryOf(10 * mib)
  const [first, second] = senders(2) as [Sender, Sender]
  first.sends(10 * mib)
  second.sends(mib)
  expect([first.isRead, second.isRead]).toEqual([true, false])
  for (let i = 0; i < 14; i++) {
    first.sends(mib)
    clock.advance(2_000)
  }
  expect([first.isGone, second.isGone]).toEqual([false, false])
  first.completes()
  clock.advance(1_000)
  first.isAnswered()
  expect(second.isRead).toBe(true)
})

test('a turn does not last for ever, whatever is sent', () => {
  const { clock, senders } = memoryOf(10 * mib)
  const [first, second] = senders(2) as [Sender, Sender]
  first.sends(10 * mib)
  second.sends(mib)
  for (let i = 0; i < 15; i++) {
    first.sends(mib)
    clock.advance(2_000)
  }
  expect([first.isGone, second.isGone]).toEqual([true, false])
  expect(second.isRead).toBe(true)
})

test('a large half frame of which nothing comes is given up when others wait, not before', () => {
  const { clock, senders } = memoryOf(10 * mib)
  const [stalled, ...others] = senders(4) as [Sender, ...Sender[]]
  stalled.sends(10 * mib - 1)
  clock.advance(60_000)
  expect(stalled.isGone).toBe(false)
  for (const each of others) each.sends(mib)
  // The first of them has the turn, and uses it.
  others[0]?.sends(mib)
  clock.advance(2_000)
  expect(stalled.isGone).toBe(true)
  expect(others.map(each => each.isGone)).toEqual([false, false, false])
})

test('a connection that ends while it has the turn or stands in line is forgotten', () => {
  const { clock, memory, senders } = memoryOf(10 * mib)
  const claims = senders(3)
  const [first, second, third] = claims as [Sender, Sender, Sender]
  for (const each of claims) each.sends(10 * mib)
  expect(claims.map(each => each.isRead)).toEqual([true, false, false])
  // Nothing comes from the first: it is closed, and the last with it, by age.
  clock.advance(2_000)
  expect([first.isGone, second.isGone, third.isGone]).toEqual([true, false, true])
  expect(second.isRead).toBe(true)
  second.completes()
  second.isAnswered()
  expect([memory.takenBytes, memory.waiters]).toEqual([0, 0])
  clock.advance(2_000)
  expect(clock.pendingTimers).toBe(0)
})

test('who has had the turn is read again when there is room, answered or not', () => {
  const { senders } = memoryOf(10 * mib)
  const [busy, half] = senders(2) as [Sender, Sender]
  busy.sends(9 * mib)
  busy.completes()
  half.sends(2 * mib)
  half.completes()
  expect(half.isRead).toBe(false)
  busy.isAnswered()
  expect([half.isRead, half.inProgress]).toEqual([true, 2 * mib])
})
