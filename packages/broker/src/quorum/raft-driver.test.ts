// The order in which a raft node is served: written before it counts, applied in order; its end.

import { TestClock } from '@klamm/base/testing'
import type { Entry, Packet, RaftNode, Ready, RoleChange } from '@klamm/raft'
import { expect, test } from 'vitest'
import { settled } from '../testing/turns.ts'
import { RaftDriver } from './raft-driver.ts'

/** A node that gives the readies a test has prepared and notes what it is told. */
class FakeNode {
  readonly told: string[] = []
  readonly readies: Ready[] = []
  wakeMs: number | undefined
  bytesSinceSnapshot = 0
  snapshotIndex = 0
  /** Thrown by the next call. */
  bug: Error | undefined

  hasReady = () => this.readies.length > 0
  ready = () => this.readies.shift()
  nextWakeMs = () => this.wakeMs
  step = (packet: unknown, nowMs: number) => this.#note(`step ${packet} at ${nowMs}`)
  tick = (nowMs: number) => {
    if (this.wakeMs !== undefined && this.wakeMs <= nowMs) this.wakeMs = undefined
    this.#note(`tick ${nowMs}`)
  }
  campaign = () => this.#note('campaign')
  forgetLeader = (nodeId: number) => this.#note(`forget ${nodeId}`)
  persisted = (id: number) => this.#note(`persisted ${id}`)
  transferLeadership = () => this.#note('transfer')
  propose = () => {
    this.#note('propose')
    return { ok: false, reason: 'notLeader' }
  }
  compact = (index: number) => {
    this.#note(`compact ${index}`)
    this.bytesSinceSnapshot = 0
  }
  status = () => ({
    bytesSinceSnapshot: this.bytesSinceSnapshot,
    appliedIndex: 9,
    snapshotIndex: this.snapshotIndex,
  })

  #note(text: string): void {
    this.told.push(text)
    const { bug } = this
    this.bug = undefined
    if (bug !== undefined) throw bug
  }
}

function readyOf(id: number, changes: Partial<Record<keyof Ready, unknown>> = {}): Ready {
  const empty = { send: [], write: undefined, restore: undefined, apply: [], reads: [] }
  return { id, ...empty, failedReads: [], role: undefined, ...changes } as Ready
}

function driven() {
  const clock = new TestClock()
  const node = new FakeNode()
  const did: string[] = []
  const hooks = { onRole: () => {} }
  const failures: unknown[] = []
  const writes: PromiseWithResolvers<void>[] = []
  const driver = new RaftDriver({
    node: node as unknown as RaftNode,
    store: {
      write: () => {
        did.push('write')
        const write = Promise.withResolvers<void>()
        writes.push(write)
        return write.promise
      },
    },
    machine: {
      restore: () => did.push('restore'),
      apply: (entries: readonly Entry[]) => did.push(`apply ${entries.length}`),
      snapshot: () => {
        did.push('snapshot')
        return new Uint8Array()
      },
    },
    clock,
    send: (packet: Packet) => did.push(`send ${packet}`),
    onRole({ role }: RoleChange) {
      did.push(`role ${role}`)
      hooks.onRole()
    },
    onFailure: error => failures.push(error),
    snapshotAfterBytes: 100,
  })
  const step = (packet = 'p') => driver.step(packet as unknown as Packet)
  return { clock, node, did, hooks, failures, writes, driver, step }
}

test('what needs no disk leaves first, then write, restore, apply, role', () => {
  const { node, did, step } = driven()
  const apply = [{}, {}]
  node.readies.push(
    readyOf(1, { send: ['a'], write: {}, restore: {}, apply, role: { role: 'leader' } }),
  )
  step()
  expect(did).toEqual(['send a', 'write', 'restore', 'apply 2', 'role leader'])
})

test('the node hears of a write when it is durable, and what follows from it is done then', async () => {
  const { node, did, writes, step } = driven()
  node.readies.push(readyOf(1, { write: {} }), readyOf(2, { write: {} }))
  step()
  await settled()
  expect(node.told).toEqual(['step p at 0'])
  node.readies.push(readyOf(3, { send: ['vote'] }))
  writes[0]?.resolve()
  await settled()
  expect(node.told).toEqual(['step p at 0', 'persisted 1'])
  expect(did.at(-1)).toBe('send vote')
  writes[1]?.resolve()
  await settled()
  expect(node.told.at(-1)).toBe('persisted 2')
})

test('input that comes while entries are applied waits until they are', () => {
  const { node, did, hooks, driver, step } = driven()
  node.readies.push(readyOf(1, { role: { role: 'leader' } }))
  hooks.onRole = () => {
    node.readies.push(readyOf(2, { send: ['from inside'] }))
    driver.propose(new Uint8Array())
    did.push('proposed')
  }
  step()
  expect(did).toEqual(['role leader', 'proposed', 'send from inside'])
})

test('time runs by one timer, which is only moved forward', () => {
  const { clock, node, step } = driven()
  node.wakeMs = 500
  step()
  node.wakeMs = 900
  step()
  expect(clock.pendingTimers).toBe(1)
  node.wakeMs = 200
  step()
  expect(clock.pendingTimers).toBe(1)
  node.wakeMs = 900
  clock.advance(200)
  expect(node.told.at(-1)).toBe('tick 200')
  clock.advance(700)
  expect(node.told.at(-1)).toBe('tick 900')
})

test('a later wake-up does not put off an earlier one', () => {
  const { clock, node, step } = driven()
  node.wakeMs = 500
  step()
  node.wakeMs = 900
  step()
  clock.advance(500)
  expect(node.told.at(-1)).toBe('tick 500')
})

test('before it campaigns or forgets its leader the node is told the time', () => {
  const { clock, node, driver } = driven()
  clock.advance(70)
  driver.campaign()
  driver.forgetLeader(2)
  expect(node.told).toEqual(['tick 70', 'campaign', 'tick 70', 'forget 2'])
})

test('a leader whose disk hangs hands over, and ends when it hangs on', async () => {
  const { clock, node, failures, driver, step } = driven()
  node.readies.push(readyOf(1, { write: {} }))
  step()
  clock.advance(4_999)
  expect(node.told).not.toContain('transfer')
  clock.advance(1)
  expect(node.told.filter(each => each === 'transfer')).toHaveLength(1)
  clock.advance(24_999)
  expect(failures).toEqual([])
  clock.advance(1)
  expect(failures).toMatchObject([
    { name: 'StorageError', code: 'io', message: 'the disk has not finished a write for 30 s' },
  ])
  expect(node.told.filter(each => each === 'transfer')).toHaveLength(1)
  expect(clock.pendingTimers).toBe(0)
  // What hangs is not waited for.
  await driver[Symbol.asyncDispose]()
})

test('a disk that is slow but gets something done is waited for', async () => {
  const { clock, node, failures, writes, step } = driven()
  for (let i = 0; i < 20; i++) {
    node.readies.push(readyOf(i + 1, { write: {} }))
    step()
    if (i > 0) writes[i - 1]?.resolve()
    await settled()
    clock.advance(4_000)
  }
  expect(failures).toEqual([])
  expect(node.told).not.toContain('transfer')
  writes.at(-1)?.resolve()
  await settled()
  clock.advance(60_000)
  expect(failures).toEqual([])
  expect(clock.pendingTimers).toBe(0)
})

test('a snapshot is made when so many bytes have come after the last one', () => {
  const { node, did, step } = driven()
  node.bytesSinceSnapshot = 99
  step()
  expect(did).toEqual([])
  node.bytesSinceSnapshot = 100
  step()
  expect(did).toEqual(['snapshot'])
  expect(node.told.at(-1)).toBe('compact 9')
})

test('after a failed write the node does nothing more', async () => {
  const { clock, node, failures, writes, step } = driven()
  node.wakeMs = 100
  node.readies.push(readyOf(1, { write: {} }))
  step()
  const error = new Error('the disk is gone')
  writes[0]?.reject(error)
  await settled()
  expect(failures).toEqual([error])
  node.told.length = 0
  step()
  clock.advance(1_000)
  expect(node.told).toEqual([])
  expect(clock.pendingTimers).toBe(0)
})

test.each<[string, (parts: ReturnType<typeof driven>) => unknown]>([
  ['a packet', ({ step }) => step()],
  ['time', ({ clock }) => clock.advance(100)],
  ['a hand-over', ({ driver }) => driver.resign()],
  ['a write', ({ writes }) => writes[0]?.resolve()],
])(
  'a bug that shows by %s ends the broker, and is not thrown at who calls',
  async (_what, input) => {
    const parts = driven()
    parts.node.wakeMs = 100
    parts.node.readies.push(readyOf(1, { write: {} }))
    parts.step()
    const bug = new TypeError('of undefined')
    parts.node.bug = bug
    input(parts)
    await settled()
    expect(parts.failures).toEqual([bug])
    expect(parts.clock.pendingTimers).toBe(0)
  },
)

test('stopped, it waits for the write in flight and says nothing of it', async () => {
  const { clock, node, failures, writes, driver, step } = driven()
  driver.start()
  node.wakeMs = 100
  node.readies.push(readyOf(1, { write: {} }))
  step()
  let isOver = false
  const stopped = driver[Symbol.asyncDispose]().then(() => {
    isOver = true
  })
  await settled()
  expect(isOver).toBe(false)
  expect(clock.pendingTimers).toBe(0)
  writes[0]?.resolve()
  await stopped
  expect(node.told).toEqual(['step p at 0'])
  expect(failures).toEqual([])
})
