// Damage is found without anybody reading.

import { expect, test } from 'vitest'
import { settled } from '../testing/turns.ts'
import type { Partition } from './partition.ts'
import { Scrub } from './scrub.ts'
import { appendTo, damage, openReplica } from './testing/replica.ts'

const value = 'x'.repeat(100_000)

async function scrubbed() {
  const replica = await openReplica()
  const { clock, partition } = replica
  for (let i = 0; i < 5; i++) appendTo(partition.log, 1, { values: [value] })
  await settled()
  const current = new Set([partition])
  const partitions = {
    get: () => (current.has(partition) ? partition : undefined),
    [Symbol.iterator]: () => current.values() as Iterator<Partition>,
  }
  const reads: number[] = []
  const { log } = partition
  const read = log.read.bind(log)
  Object.assign(log, {
    read(...args: Parameters<typeof log.read>) {
      reads.push(args[0])
      return read(...args)
    },
  })
  const failures: unknown[] = []
  const scrub = Scrub.start({ clock, partitions, onFailure: error => failures.push(error) })
  const pass = async (ms: number) => {
    clock.advance(ms)
    await settled()
  }
  return { ...replica, current, reads, failures, scrub, pass }
}

test('a round reads everything that is durable, a little at a time, and then rests', async () => {
  const { clock, reads, scrub, pass } = await scrubbed()
  await pass(1_000)
  expect(reads).toEqual([0])
  for (let i = 0; i < 10; i++) await pass(10)
  expect(reads).toEqual([0, 1, 2, 3, 4])
  await pass(3_600_000)
  expect(reads).toHaveLength(6)
  await scrub[Symbol.asyncDispose]()
  expect(clock.pendingTimers).toBe(0)
})

test('what is damaged is told as any other read tells it', async () => {
  const replica = await scrubbed()
  const { damages, failures, scrub, pass } = replica
  damage(replica)
  await pass(1_000)
  expect([damages.length, failures]).toEqual([1, []])
  await scrub[Symbol.asyncDispose]()
})

test('a log that begins later meanwhile is read on from there', async () => {
  const { partition, reads, failures, scrub, pass } = await scrubbed()
  await pass(1_000)
  partition.log.advanceStart(3)
  for (let i = 0; i < 5; i++) await pass(10)
  expect([reads, failures]).toEqual([[0, 3, 4], []])
  await scrub[Symbol.asyncDispose]()
})

test('a replica that goes meanwhile is left alone', async () => {
  const { partition, current, reads, failures, scrub, pass } = await scrubbed()
  await pass(1_000)
  current.delete(partition)
  await pass(10)
  await pass(10)
  expect([reads, failures]).toEqual([[0], []])
  await scrub[Symbol.asyncDispose]()
})
