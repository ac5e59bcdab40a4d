// The table of error codes, its two directions, and the error that carries one.

import { expect, test } from 'vitest'
import { type ErrorName, errorCodes, errorNameOf, isRetriable, KafkaError } from './errors.ts'

test('every name has a code of its own, without gaps from -1 on', () => {
  const codes = Object.values(errorCodes).sort((a, b) => a - b)
  expect(codes).toEqual(codes.map((_, i) => i - 1))
  expect(codes.at(-1)).toBeGreaterThanOrEqual(133)
})

test('a code leads back to its name', () => {
  for (const [name, code] of Object.entries(errorCodes)) expect(errorNameOf(code)).toBe(name)
})

test('codes are those of the protocol guide', () => {
  const known: [ErrorName, number][] = [
    ['UNKNOWN_SERVER_ERROR', -1],
    ['NONE', 0],
    ['OFFSET_OUT_OF_RANGE', 1],
    ['NOT_LEADER_OR_FOLLOWER', 6],
    ['NOT_COORDINATOR', 16],
    ['UNKNOWN_MEMBER_ID', 25],
    ['REBALANCE_IN_PROGRESS', 27],
    ['UNSUPPORTED_VERSION', 35],
    ['TOPIC_ALREADY_EXISTS', 36],
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', 45],
    ['FENCED_LEADER_EPOCH', 74],
    ['MEMBER_ID_REQUIRED', 79],
    ['FENCED_INSTANCE_ID', 82],
    ['UNKNOWN_TOPIC_ID', 100],
    ['STALE_MEMBER_EPOCH', 113],
  ]
  for (const [name, code] of known) expect(errorCodes[name], name).toBe(code)
})

test('a code that is newer than the table is an unknown server error', () => {
  expect(errorNameOf(9999)).toBe('UNKNOWN_SERVER_ERROR')
})

test('an error knows its code and whether to try again', () => {
  const error = new KafkaError('NOT_COORDINATOR', 'group g moved')
  expect(error).toMatchObject({
    name: 'KafkaError',
    message: 'group g moved',
    errorName: 'NOT_COORDINATOR',
    code: 16,
    retriable: true,
  })
  expect(new KafkaError('UNKNOWN_MEMBER_ID').message).toBe('UNKNOWN_MEMBER_ID')
  expect(isRetriable('UNKNOWN_MEMBER_ID')).toBe(false)
})
