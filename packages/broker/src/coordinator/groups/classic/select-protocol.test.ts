import { expect, test } from 'vitest'
import type { Member } from './member.ts'
import { commonProtocols, selectProtocol } from './select-protocol.ts'

function members(...lists: readonly (readonly string[])[]): readonly Member[] {
  return lists.map((names, i) => ({
    memberId: `${i}`,
    groupInstanceId: undefined,
    clientId: '',
    clientHost: '',
    sessionTimeoutMs: 0,
    rebalanceTimeoutMs: 0,
    protocols: names.map(name => ({ name, metadata: new Uint8Array(0) })),
    assignment: new Uint8Array(0),
    isNew: false,
    awaitingJoin: undefined,
    awaitingSync: undefined,
  }))
}

test('common is what every member supports', () => {
  expect([...commonProtocols(members(['a', 'b', 'c'], ['c', 'b'], ['x', 'b', 'c']))]).toEqual([
    'b',
    'c',
  ])
  expect(commonProtocols(members(['a'], ['b'])).size).toBe(0)
  expect(commonProtocols([]).size).toBe(0)
})

test('a vote goes to the first protocol of a member that all support', () => {
  expect(selectProtocol(members(['own', 'a', 'b'], ['b', 'a'], ['b', 'a']))).toBe('b')
  expect(selectProtocol(members(['a', 'b'], ['a', 'b'], ['b', 'a']))).toBe('a')
})

test('of equally many votes the first counts', () => {
  expect(selectProtocol(members(['b', 'a'], ['a', 'b']))).toBe('b')
})

test('without a common protocol or members nothing is selected', () => {
  expect(selectProtocol(members(['a'], ['b']))).toBeUndefined()
  expect(selectProtocol([])).toBeUndefined()
})
