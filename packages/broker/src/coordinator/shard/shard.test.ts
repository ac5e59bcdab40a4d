import { expect, test } from 'vitest'
import { add, Counter, type CounterOperation } from '../testing/counter.ts'
import type { Instant, Ticket } from './outcome.ts'
import { Shard } from './shard.ts'

const at = (nowMs: number): Instant => ({ nowMs, wallMs: 1_000_000 + nowMs })

function setup() {
  const counter = new Counter()
  const shard = new Shard(counter, { commitTimeoutMs: 5_000, appendRetryMs: 1_000 })
  for (const record of [1, 2, 3]) shard.load(record, at(0))
  shard.loaded(3, at(0))
  let ids = 0
  /** Runs an operation; the log takes it. */
  const run = (kind: CounterOperation['kind'], amount = 0, nowMs = 0): Ticket<number> => {
    ids += 1
    const ticket = { id: ids }
    const outcome = shard.decide({ kind, amount, ticket }, at(nowMs))
    shard.appended(outcome, shard.appendedOffset + outcome.records.length, at(nowMs))
    return ticket
  }
  return { counter, shard, run }
}

test('what was in the log is state, appended and committed, before serving begins', () => {
  const { counter, shard } = setup()
  expect(counter).toMatchObject({ appended: 6, committedSum: 6, touched: 0 })
  expect(shard.committedOffset).toBe(3)
})

test('an answer leaves when its records are committed, and not before', () => {
  const { counter, shard, run } = setup()
  const ticket = run('add', 4)
  expect(counter.appended).toBe(10)
  expect(shard.takeAnswers()).toEqual([])
  shard.committed(3, at(1))
  expect(shard.takeAnswers()).toEqual([])
  shard.committed(4, at(1))
  expect(counter.committedSum).toBe(10)
  expect(shard.takeAnswers()).toEqual([{ ticket, reply: 10, error: undefined }])
  expect(shard.takeAnswers()).toEqual([])
})

test('one move of the high watermark releases all that it covers, in order', () => {
  const { shard, run } = setup()
  const tickets = [run('add', 1), run('add', 1), run('add', 1)]
  shard.committed(5, at(1))
  expect(shard.takeAnswers().map(({ ticket }) => ticket)).toEqual(tickets.slice(0, 2))
  shard.committed(6, at(1))
  expect(shard.takeAnswers().map(({ ticket }) => ticket)).toEqual(tickets.slice(2))
})

test('a read of committed state is answered at once, one of appended state waits for it', () => {
  const { shard, run } = setup()
  run('add', 4)
  const committed = run('read')
  const appended = run('readAppended')
  expect(shard.takeAnswers()).toEqual([{ ticket: committed, reply: 6, error: undefined }])
  shard.committed(4, at(1))
  expect(shard.takeAnswers()[1]).toEqual({ ticket: appended, reply: 10, error: undefined })
  const idle = run('readAppended')
  expect(shard.takeAnswers()).toEqual([{ ticket: idle, reply: 10, error: undefined }])
})

test('what the log does not take has changed nothing, and the error is told', () => {
  const { counter, shard } = setup()
  const ticket = { id: 1 }
  const operation = add(4, ticket)
  shard.decide(operation, at(0))
  shard.refused(operation, 'NOT_ENOUGH_REPLICAS', undefined, at(0))
  expect(counter).toMatchObject({ appended: 6, committedSum: 6, touched: 0 })
  expect(shard.takeAnswers()).toEqual([{ ticket, reply: undefined, error: 'NOT_ENOUGH_REPLICAS' }])
})

test('a timer whose records the log does not take is tried again', () => {
  const { counter, shard, run } = setup()
  run('arm', 50)
  expect(shard.nextDeadlineMs()).toBe(50)
  expect(shard.takeDue(49)).toBeUndefined()
  const due = shard.takeDue(50)
  expect(due?.operation).toMatchObject({ kind: 'add', amount: 100 })
  shard.refused(add(100), 'NOT_ENOUGH_REPLICAS', due, at(50))
  expect(shard.nextDeadlineMs()).toBe(1_050)
  expect(counter.appended).toBe(6)
  expect(shard.takeDue(1_050)?.operation).toMatchObject({ kind: 'add', amount: 100 })
})

test('an answer that waits too long is an error; its records still count once committed', () => {
  const { counter, shard, run } = setup()
  const ticket = run('add', 4, 100)
  expect(shard.nextDeadlineMs()).toBe(5_100)
  shard.takeDue(5_099)
  expect(shard.takeAnswers()).toEqual([])
  shard.takeDue(5_100)
  expect(shard.takeAnswers()).toEqual([{ ticket, reply: undefined, error: 'REQUEST_TIMED_OUT' }])
  expect(shard.nextDeadlineMs()).toBeUndefined()
  expect(counter.committedSum).toBe(6)
  shard.committed(4, at(9_000))
  expect(counter.committedSum).toBe(10)
  expect(shard.takeAnswers()).toEqual([])
})

test('a high watermark that goes back or beyond the log is taken for what it can be', () => {
  const { shard, run } = setup()
  run('add', 4)
  shard.committed(2, at(1))
  expect(shard.committedOffset).toBe(3)
  shard.committed(100, at(1))
  expect(shard.committedOffset).toBe(4)
})
