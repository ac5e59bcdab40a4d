// Subscriptions and assignments by hand: every Kafka consumer writes and reads them.

import { expect, test } from 'vitest'
import { DecodeError } from '../decode-error.ts'
import { bytesOf, hexOf } from '../testing/golden.ts'
import { decodeAssignment, encodeAssignment } from './assignment.ts'
import { decodeSubscription, encodeSubscription } from './subscription.ts'

const hex = (golden: string) => hexOf([bytesOf(golden)])
const subscription = {
  topics: ['a', 'b'],
  userData: Uint8Array.of(9),
  ownedPartitions: [{ topic: 'a', partitions: [0, 2] }],
  generationId: 7,
  rackId: 'r',
}
const topics = '00000002 0001 "a" 0001 "b"'
const owned = '00000001 0001 "a" 00000002 00000000 00000002'

test('a subscription has the layout of its version', () => {
  const byVersion = [
    `0000 ${topics} 00000001 09`,
    `0001 ${topics} 00000001 09 ${owned}`,
    `0002 ${topics} 00000001 09 ${owned} 00000007`,
    `0003 ${topics} 00000001 09 ${owned} 00000007 0001 "r"`,
  ]
  for (const [version, golden] of byVersion.entries()) {
    expect(hexOf([encodeSubscription(subscription, version)])).toBe(hex(golden))
    expect(decodeSubscription(bytesOf(golden))).toEqual({
      topics: subscription.topics,
      userData: subscription.userData,
      ownedPartitions: version >= 1 ? subscription.ownedPartitions : [],
      generationId: version >= 2 ? 7 : -1,
      rackId: version >= 3 ? 'r' : null,
    })
  }
})

test('a subscription of a newer version is read as the newest one known', () => {
  const golden = `0009 ${topics} ffffffff 00000000 00000007 ffff abcdef`
  expect(decodeSubscription(bytesOf(golden))).toEqual({
    topics: ['a', 'b'],
    userData: null,
    ownedPartitions: [],
    generationId: 7,
    rackId: null,
  })
})

test('what is no subscription is a DecodeError', () => {
  for (const golden of ['', 'ffff', `0001 ${topics} 00000001 09`, '0000 7fffffff']) {
    expect(() => decodeSubscription(bytesOf(golden)), golden).toThrow(DecodeError)
  }
})

test('an assignment has one layout in all versions', () => {
  const assignment = { assignedPartitions: subscription.ownedPartitions, userData: null }
  for (const version of [0, 1, 2, 3]) {
    const golden = `000${version} ${owned} ffffffff`
    expect(hexOf([encodeAssignment(assignment, version)])).toBe(hex(golden))
    expect(decodeAssignment(bytesOf(golden))).toEqual(assignment)
  }
})
