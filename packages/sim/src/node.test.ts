// A node's clocks, its death and its standstill.

import { expect, test } from 'vitest'
import { wallStartMs } from './clock.ts'
import { SimWorld } from './world.ts'

test('both clocks follow virtual time, the wall clock with an offset of its own', async () => {
  const world = new SimWorld({ seed: 1 })
  const node = world.node('a')
  const { clock } = node.start()
  await world.scheduler.runFor(1_500)
  expect([clock.monotonicMs(), clock.wallMs()]).toEqual([1_500, wallStartMs + 1_500])
  node.setWallOffset(-3_600_000)
  expect([clock.monotonicMs(), clock.wallMs()]).toEqual([1_500, wallStartMs - 3_598_500])
})

test('the timers of a killed node never fire, those of its successor do', async () => {
  const world = new SimWorld({ seed: 1 })
  const node = world.node('a')
  const seen: string[] = []
  const sleepLoop = async (name: string): Promise<void> => {
    const { clock } = node.start()
    for (;;) {
      await clock.sleep(10)
      seen.push(name)
    }
  }
  void sleepLoop('first')
  await world.scheduler.runFor(25)
  node.crash()
  expect(node.isUp).toBe(false)
  void sleepLoop('second')
  await world.scheduler.runFor(15)
  expect(seen).toEqual(['first', 'first', 'second'])
  expect(node.incarnation).toBe(2)
})

test('a frozen node finds everything overdue at once, in order', async () => {
  const world = new SimWorld({ seed: 1 })
  const node = world.node('a')
  const { clock } = node.start()
  const seen: string[] = []
  const note = (name: string): void => void seen.push(`${name} at ${clock.monotonicMs()}`)
  clock.setTimer(30, () => note('c'))
  clock.setTimer(10, () => note('a'))
  const cancelled = clock.setTimer(20, () => note('never'))
  clock.setTimer(10, () => {
    note('b')
    cancelled.cancel()
  })
  // Due when the node wakes: behind everything that was due before.
  clock.setTimer(105, () => note('d'))
  clock.setTimer(120, () => note('e'))
  await world.scheduler.runFor(5)
  node.freeze(100)
  await world.scheduler.runFor(200)
  expect(seen).toEqual(['a at 105', 'b at 105', 'c at 105', 'd at 105', 'e at 120'])
})

test('a node that is killed while frozen stays silent', async () => {
  const world = new SimWorld({ seed: 1 })
  const node = world.node('a')
  const { clock } = node.start()
  const seen: string[] = []
  clock.setTimer(10, () => seen.push('fired'))
  node.freeze(100)
  await world.scheduler.runFor(50)
  node.crash()
  await world.scheduler.runFor(100)
  expect(seen).toEqual([])
})

test('one process at a time runs on a machine', () => {
  const world = new SimWorld({ seed: 1 })
  const node = world.node('a')
  node.start()
  expect(() => node.start()).toThrow('one process at a time')
  node.stop()
  node.start()
})

test('what a node logs is in the trace, from its level on', () => {
  const world = new SimWorld({ seed: 1, trace: { keepLines: 10 } })
  const { log } = world.node('a').start()
  log.debug('not interesting')
  log.child({ topic: 'orders' }).warn('offset out of range', {
    offset: 5n,
    error: new TypeError('odd'),
    key: Uint8Array.of(1, 255),
  })
  expect(world.trace.lines().at(-1)).toBe(
    '0.000 a warn offset out of range {"topic":"orders","offset":"5","error":"TypeError: odd","key":"01ff"}',
  )
  expect(world.trace.eventCount).toBe(2)
})

test('random numbers of one node do not depend on the other nodes', () => {
  const alone = new SimWorld({ seed: 1 })
  const crowd = new SimWorld({ seed: 1 })
  crowd.node('b').start().random.u32()
  expect(crowd.node('a').start().random.u32()).toBe(alone.node('a').start().random.u32())
  expect(alone.random('faults').u32()).not.toBe(alone.random('workload').u32())
})

test('time has gone on when a timer fires, however little of a delay rounding has left', async () => {
  const world = new SimWorld({ seed: 1 })
  const { clock } = world.node('machine').start()
  await world.scheduler.runFor(10_000.123)
  const before = clock.monotonicMs()
  let after = before
  clock.setTimer(1e-13, () => {
    after = clock.monotonicMs()
  })
  await world.scheduler.runFor(1)
  expect(after).toBeGreaterThan(before)
})
