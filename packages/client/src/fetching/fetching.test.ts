// Stories of what a consumer asks for, and each error with what it does about it.

import { readdirSync } from 'node:fs'
import { runScript, ScriptCommand } from '@klamm/base/testing'
import { type ErrorName, errorCodes, isRetriable } from '@klamm/protocol/errors'
import { expect, test } from 'vitest'
import { type FetchAction, fetchActionFor } from './actions.ts'
import { fetchedRecords } from './fetched-batches.ts'
import { FetchingScript } from './testing/fetching-script.ts'
import { testBatch } from './testing/test-batch.ts'

const folder = new URL('./scripts/', import.meta.url)

for (const name of readdirSync(folder)) {
  test(`${name} happens as it is written`, () => {
    const script = new FetchingScript(line => new ScriptCommand(line, [], name))
    runScript(new URL(name, folder), command => script.run(command))
  })
}

/** Error → what Fetch, ListOffsets and OffsetForLeaderEpoch do about it. */
const expected: Partial<Record<ErrorName, readonly FetchAction[]>> = {
  NONE: ['succeed', 'succeed', 'succeed'],
  OFFSET_OUT_OF_RANGE: ['reset', 'fail', 'fail'],
  NOT_LEADER_OR_FOLLOWER: ['refresh', 'refresh', 'refresh'],
  LEADER_NOT_AVAILABLE: ['refresh', 'refresh', 'refresh'],
  REPLICA_NOT_AVAILABLE: ['refresh', 'refresh', 'refresh'],
  KAFKA_STORAGE_ERROR: ['refresh', 'refresh', 'refresh'],
  FENCED_LEADER_EPOCH: ['refresh', 'refresh', 'refresh'],
  UNKNOWN_TOPIC_OR_PARTITION: ['refresh', 'refresh', 'refresh'],
  UNKNOWN_TOPIC_ID: ['refresh', 'retry', 'retry'],
  INCONSISTENT_TOPIC_ID: ['refresh', 'retry', 'retry'],
  UNKNOWN_LEADER_EPOCH: ['retry', 'retry', 'retry'],
  OFFSET_NOT_AVAILABLE: ['retry', 'retry', 'retry'],
  CORRUPT_MESSAGE: ['retry', 'retry', 'retry'],
  UNKNOWN_SERVER_ERROR: ['retry', 'fail', 'fail'],
  OFFSET_MOVED_TO_TIERED_STORAGE: ['retry', 'fail', 'fail'],
  TOPIC_AUTHORIZATION_FAILED: ['fail', 'fail', 'fail'],
  UNSUPPORTED_COMPRESSION_TYPE: ['fail', 'fail', 'fail'],
  UNSUPPORTED_FOR_MESSAGE_FORMAT: ['fail', 'reset', 'fail'],
  UNSUPPORTED_VERSION: ['fail', 'fail', 'pass'],
}

for (const [error, actions] of Object.entries(expected)) {
  test(`${error} means ${[...new Set(actions)].join(' or ')}, by the API`, () => {
    const apis = ['fetch', 'listOffsets', 'validate'] as const
    expect(apis.map(api => fetchActionFor(api, error as ErrorName))).toEqual(actions)
  })
}

test('an error in no table is tried again when Kafka calls it retriable', () => {
  for (const error of Object.keys(errorCodes) as ErrorName[]) {
    if (expected[error] !== undefined) continue
    expect(fetchActionFor('fetch', error)).toBe(isRetriable(error) ? 'retry' : 'fail')
  }
})

function seen(
  batches: readonly Uint8Array[],
  options: { from?: number; aborted?: { producerId: number; firstOffset: number }[] } = {},
): string {
  const { from = 0, aborted = null } = options
  return fetchedRecords([Buffer.concat(batches)], from, aborted)
    .batches.map(({ bytes, header, nextOffset }) => {
      return bytes === undefined ? `-${nextOffset}` : `${header?.baseOffset}..${nextOffset - 1}`
    })
    .join(' ')
}

test('a transaction that was aborted is passed over up to its marker, others are not', () => {
  const log = [
    testBatch({ baseOffset: 0, producerId: 1 }),
    testBatch({ baseOffset: 1, producerId: 2 }),
    testBatch({ baseOffset: 2 }),
    testBatch({ baseOffset: 3, producerId: 1, marker: 'abort' }),
    testBatch({ baseOffset: 4, producerId: 1 }),
    testBatch({ baseOffset: 5, producerId: 2, marker: 'commit' }),
    testBatch({ baseOffset: 6, producerId: 1, marker: 'abort' }),
  ]
  const aborted = [{ producerId: 1, firstOffset: 0 }]
  expect(seen(log, { aborted })).toBe('-1 1..1 2..2 -4 4..4 -7')
  // The same producer twice, told in any order.
  const twice = [{ producerId: 1, firstOffset: 4 }, ...aborted]
  expect(seen(log, { aborted: twice })).toBe('-1 1..1 2..2 -7')
  // A fetch that begins inside of the transaction is told of it as well.
  expect(seen(log.slice(1), { aborted, from: 1 })).toBe('1..1 2..2 -4 4..4 -7')
  // Who reads uncommitted records sees all but the markers.
  expect(seen(log)).toBe('0..0 1..1 2..2 -4 4..4 -7')
})

test('batches before the offset asked for are left out, empty ones are a stretch of nothing', () => {
  const log = [
    testBatch({ baseOffset: 0, records: 5 }),
    testBatch({ baseOffset: 5, records: 5 }),
    testBatch({ baseOffset: 10, records: 0, offsets: 4 }),
  ]
  expect(seen(log, { from: 7 })).toBe('5..9 -14')
})

test('an answer that ends in the middle of a batch has the whole ones before it', () => {
  const whole = testBatch({ baseOffset: 0 })
  const cut = testBatch({ baseOffset: 1, bytes: 500 })
  expect(fetchedRecords([Buffer.concat([whole, cut.subarray(0, 80)])], 0, null)).toMatchObject({
    batches: [{ nextOffset: 1 }],
    cutBatchBytes: 0,
    problem: undefined,
  })
  expect(fetchedRecords([cut.subarray(0, 80)], 1, null).cutBatchBytes).toBe(500)
  expect(fetchedRecords([cut.subarray(0, 11)], 1, null).cutBatchBytes).toBe(0)
  expect(fetchedRecords([], 1, null).batches).toEqual([])
})

test('bytes that are no batches are told, with what came before them', () => {
  const old = testBatch({ baseOffset: 1 })
  old[16] = 1
  const both = fetchedRecords([Buffer.concat([testBatch({ baseOffset: 0 }), old])], 0, null)
  expect(both.batches.length).toBe(1)
  expect(both.problem).toBe('message format v1 instead of v2')
})
