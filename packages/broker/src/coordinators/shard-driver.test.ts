import { silentLogger } from '@klamm/base/env'
import { KafkaError } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { Ticket } from '../coordinator/shard/outcome.ts'
import { Counter, type CounterOperation } from '../coordinator/testing/counter.ts'
import { type ShardCodec, ShardDriver } from './shard-driver.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { MemoryShardLog } from './testing/memory-shard-log.ts'

/** One byte per record; a batch is its records. */
const codec: ShardCodec<number> = {
  encode: entry => ({ key: new Uint8Array(0), value: new Uint8Array([entry]) }),
  decodeBatch: batch => batch,
}

function emptyLog(): MemoryShardLog {
  return new MemoryShardLog(records => {
    return new Uint8Array(records.map(({ value }) => value?.[0] ?? 0))
  })
}

/** A log that holds the records 1, 2 and 3, committed. */
function logOfThree(): MemoryShardLog {
  const log = emptyLog()
  for (const record of [1, 2, 3]) log.append([codec.encode(record)])
  log.commit()
  return log
}

function start(log = logOfThree()) {
  const clock = new ManualClock()
  const bugs: unknown[] = []
  const driver = ShardDriver.start({
    machine: new Counter(),
    codec,
    log,
    clock,
    logger: silentLogger,
    commitTimeoutMs: 5_000,
    onBug: error => bugs.push(error),
  })
  const run = (kind: CounterOperation['kind'], amount = 0, signal = never): Promise<number> => {
    return driver.run((ticket: Ticket<number>) => ({ kind, amount, ticket }), signal)
  }
  return { clock, driver, log, bugs, run }
}

const never = new AbortController().signal

/** Everything that needs no time to pass has happened. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

async function active(log = logOfThree()) {
  const started = start(log)
  await settled()
  expect(started.driver.state).toBe('active')
  return started
}

function errorOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    value => `no error but ${value}`,
    (error: unknown) => (error instanceof KafkaError ? error.errorName : `${error}`),
  )
}

test('a shard serves when the whole log has been read, and says so before', async () => {
  const log = logOfThree()
  for (let i = 0; i < 20; i++) log.append([codec.encode(1)])
  log.commit()
  const { driver, run } = start(log)
  expect(driver.state).toBe('loading')
  expect(await errorOf(run('read'))).toBe('COORDINATOR_LOAD_IN_PROGRESS')
  await settled()
  expect(await run('read')).toBe(26)
})

test('an empty log is loaded at once', async () => {
  const { run } = await active(emptyLog())
  expect(await run('read')).toBe(0)
})

test('a new leader does not serve before it knows that all it holds is committed', async () => {
  // The last leader had acknowledged all three; this one has not heard of it yet.
  const { driver, log, run } = start(logOfThree().successor(3, 1))
  await settled()
  expect(driver.state).toBe('loading')
  log.commit(2)
  await settled()
  expect(driver.state).toBe('loading')
  log.commit(3)
  await settled()
  expect(await run('read')).toBe(6)
})

test('what is appended while it waits for that is loaded too', async () => {
  const { driver, log, run } = start(logOfThree().successor(3, 1))
  await settled()
  log.append([codec.encode(10)])
  log.commit(3)
  await settled()
  expect(driver.state).toBe('loading')
  log.commit(4)
  await settled()
  expect(await run('read')).toBe(16)
})

test('an answer comes when its records are committed', async () => {
  const { log, run } = await active()
  let answer: number | undefined
  const answered = run('add', 4).then(sum => {
    answer = sum
  })
  await settled()
  expect(answer).toBeUndefined()
  expect(await run('read')).toBe(6)
  log.commit()
  await answered
  expect(answer).toBe(10)
  expect(await run('read')).toBe(10)
})

test('answers come in order, several at once when the high watermark jumps', async () => {
  const { log, run } = await active()
  const order: number[] = []
  const answers = [1, 2, 3].map(amount => run('add', amount).then(sum => order.push(sum)))
  log.commit(5)
  await settled()
  expect(order).toEqual([7, 9])
  log.commit()
  await Promise.all(answers)
  expect(order).toEqual([7, 9, 12])
})

test('whoever waits when the leadership is lost is told, and nothing is written any more', async () => {
  const { driver, log, run } = await active()
  const waiting = errorOf(run('add', 4))
  log.lose()
  expect(await waiting).toBe('NOT_COORDINATOR')
  expect(driver.state).toBe('resigned')
  const endOffset = log.logEndOffset
  expect(await errorOf(run('add', 5))).toBe('NOT_COORDINATOR')
  expect(await errorOf(run('read'))).toBe('NOT_COORDINATOR')
  expect(log.logEndOffset).toBe(endOffset)
})

test('a shard that is told to resign answers whoever waits, and its timers rest', async () => {
  const { clock, driver, log, run } = await active()
  run('arm', 50)
  const waiting = errorOf(run('add', 4))
  driver.resign()
  expect(await waiting).toBe('NOT_COORDINATOR')
  const endOffset = log.logEndOffset
  clock.advance(1_000)
  log.commit()
  await settled()
  expect(log.logEndOffset).toBe(endOffset)
  expect(clock.timerCount).toBe(0)
})

test('a shard that resigns while it loads never serves', async () => {
  const { driver, log, run } = start(logOfThree().successor(3, 1))
  await settled()
  driver.resign()
  log.commit()
  await settled()
  expect(driver.state).toBe('resigned')
  expect(await errorOf(run('read'))).toBe('NOT_COORDINATOR')
})

test('losing the leadership while loading is no bug', async () => {
  const { bugs, driver, log } = start(logOfThree().successor(3, 1))
  await settled()
  log.lose()
  await settled()
  expect(driver.state).toBe('resigned')
  expect(bugs).toEqual([])
})

test('a log that does not take records is told in the words of coordinators', async () => {
  const { driver, log, run } = await active()
  const words = {
    NOT_ENOUGH_REPLICAS: 'COORDINATOR_NOT_AVAILABLE',
    MESSAGE_TOO_LARGE: 'UNKNOWN_SERVER_ERROR',
  } as const
  for (const name of ['NOT_ENOUGH_REPLICAS', 'MESSAGE_TOO_LARGE'] as const) {
    log.refusal = new KafkaError(name, 'no')
    expect(await errorOf(run('add', 4))).toBe(words[name])
  }
  log.refusal = undefined
  expect(driver.state).toBe('active')
  expect(await run('readAppended')).toBe(6)
})

test('an append refused because another leads ends the shard', async () => {
  const { driver, log, run } = await active()
  log.lose()
  expect(await errorOf(run('add', 4))).toBe('NOT_COORDINATOR')
  expect(driver.state).toBe('resigned')
})

test('timers run by the clock, again and again until the log takes what they decide', async () => {
  const { clock, log, run } = await active()
  await run('arm', 50)
  log.refusal = new KafkaError('NOT_ENOUGH_REPLICAS', 'no')
  clock.advance(50)
  expect(log.logEndOffset).toBe(3)
  log.refusal = undefined
  clock.advance(1_000)
  expect(log.logEndOffset).toBe(4)
  log.commit()
  await settled()
  expect(await run('read')).toBe(106)
})

test('an answer that waits too long is an error', async () => {
  const { clock, run } = await active()
  const waiting = errorOf(run('add', 4))
  clock.advance(5_000)
  expect(await waiting).toBe('COORDINATOR_NOT_AVAILABLE')
})

test('what is scheduled while loading runs afterwards', async () => {
  const { clock, driver, log } = start()
  driver.schedule('x', { kind: 'add', amount: 7 })
  await settled()
  clock.advance(0)
  expect(log.logEndOffset).toBe(4)
})

test('who goes away is let go, and what was decided stays decided', async () => {
  const { log, run } = await active()
  const abort = new AbortController()
  const waiting = errorOf(run('add', 4, abort.signal))
  abort.abort(new Error('gone'))
  expect(await waiting).toBe('Error: gone')
  log.commit()
  await settled()
  expect(await run('read')).toBe(10)
  expect(await errorOf(run('add', 4, abort.signal))).toBe('Error: gone')
  expect(log.logEndOffset).toBe(4)
})

test('a bug in the machine or its log reaches the owner', async () => {
  const { bugs, driver, run } = await active()
  expect(() => run('bug')).toThrow('a bug in the machine')
  const broken = logOfThree()
  broken.read = () => Promise.reject(new Error('the disk is gone'))
  const { bugs: others, driver: other } = start(broken)
  await settled()
  expect(others.map(String)).toEqual(['Error: the disk is gone'])
  expect([other.state, driver.state, bugs.length]).toEqual(['resigned', 'active', 0])
})

test('a bug in a timer reaches the owner', async () => {
  const { bugs, clock, driver } = await active()
  driver.schedule('x', { kind: 'bug', amount: 0 })
  clock.advance(0)
  expect(bugs.map(String)).toEqual(['Error: a bug in the machine'])
  expect(driver.state).toBe('resigned')
})

test('disposing waits for nobody, however long the log takes', async () => {
  const { driver, run } = await active()
  const waiting = errorOf(run('add', 4))
  await driver[Symbol.asyncDispose]()
  expect(await waiting).toBe('NOT_COORDINATOR')
  const loading = start(logOfThree().successor(3, 1)).driver
  await settled()
  await loading[Symbol.asyncDispose]()
  expect(loading.state).toBe('resigned')
})
