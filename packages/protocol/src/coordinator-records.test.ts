// Keys and values of __consumer_offsets by hand: other brokers and tools read them too.

import { expect, test } from 'vitest'
import {
  decodeCoordinatorKey,
  decodeGroupMetadataValue,
  decodeOffsetCommitValue,
  encodeCoordinatorKey,
  encodeGroupMetadataValue,
  encodeOffsetCommitValue,
} from './coordinator-records.ts'
import { DecodeError } from './decode-error.ts'
import { zeroUuid } from './schema.ts'
import { bytesOf, hexOf, sampleUuid, uuidHex } from './testing/golden.ts'

const hex = (golden: string) => hexOf([bytesOf(golden)])

test('a key begins with the version that says what it is', () => {
  const offset = { kind: 'offsetCommit', group: 'g', topic: 't', partition: 3 } as const
  expect(hexOf([encodeCoordinatorKey(offset)])).toBe(hex('0001 0001 "g" 0001 "t" 00000003'))
  expect(decodeCoordinatorKey(bytesOf('0001 0001 "g" 0001 "t" 00000003'))).toEqual(offset)
  // As brokers before 0.9 wrote it.
  expect(decodeCoordinatorKey(bytesOf('0000 0001 "g" 0001 "t" 00000003'))).toEqual(offset)
  const group = { kind: 'groupMetadata', group: 'g' } as const
  expect(hexOf([encodeCoordinatorKey(group)])).toBe(hex('0002 0001 "g"'))
  expect(decodeCoordinatorKey(bytesOf('0002 0001 "g"'))).toEqual(group)
})

test('a key of another kind of record is told by its version', () => {
  expect(decodeCoordinatorKey(bytesOf('0005 0001 "g" 0001 "m"'))).toEqual({
    kind: 'unknown',
    version: 5,
  })
})

test('a key that is none is a DecodeError', () => {
  for (const golden of ['', '00', 'ffff', '0001 0005 "g"', '0002']) {
    expect(() => decodeCoordinatorKey(bytesOf(golden)), golden).toThrow(DecodeError)
  }
})

const offset = {
  offset: 12,
  leaderEpoch: 4,
  metadata: 'x',
  commitTimestamp: 1_700_000_000_000,
  expireTimestamp: 1_700_000_000_001,
  topicId: sampleUuid,
}

test('a committed offset has the layout of its version', () => {
  const byVersion = [
    '0000 000000000000000c 0001 "x" 0000018bcfe56800',
    '0001 000000000000000c 0001 "x" 0000018bcfe56800 0000018bcfe56801',
    '0002 000000000000000c 0001 "x" 0000018bcfe56800',
    '0003 000000000000000c 00000004 0001 "x" 0000018bcfe56800',
    `0004 000000000000000c 00000004 02 "x" 0000018bcfe56800 01 00 10 ${uuidHex}`,
  ]
  for (const [version, golden] of byVersion.entries()) {
    expect(hexOf([encodeOffsetCommitValue(offset, version)])).toBe(hex(golden))
    expect(decodeOffsetCommitValue(bytesOf(golden))).toEqual({
      ...offset,
      leaderEpoch: version >= 3 ? 4 : -1,
      expireTimestamp: version === 1 ? offset.expireTimestamp : -1,
      topicId: version === 4 ? sampleUuid : zeroUuid,
    })
  }
  expect(encodeOffsetCommitValue(offset)).toEqual(encodeOffsetCommitValue(offset, 3))
})

const member = {
  memberId: 'm',
  groupInstanceId: 'i',
  clientId: 'c',
  clientHost: '/h',
  rebalanceTimeout: 60_000,
  sessionTimeout: 10_000,
  subscription: Uint8Array.of(1, 2),
  assignment: Uint8Array.of(3),
}
const group = {
  protocolType: 'consumer',
  generation: 7,
  protocol: 'range',
  leader: null,
  currentStateTimestamp: 1_700_000_000_000,
  members: [member],
}

test('a group has the layout of its version', () => {
  const head = '0008 "consumer" 00000007 0005 "range" ffff'
  const tail = '00002710 00000002 0102 00000001 03'
  const byVersion = [
    `0000 ${head} 00000001 0001 "m" 0001 "c" 0002 "/h" ${tail}`,
    `0001 ${head} 00000001 0001 "m" 0001 "c" 0002 "/h" 0000ea60 ${tail}`,
    `0002 ${head} 0000018bcfe56800 00000001 0001 "m" 0001 "c" 0002 "/h" 0000ea60 ${tail}`,
    `0003 ${head} 0000018bcfe56800
      00000001 0001 "m" 0001 "i" 0001 "c" 0002 "/h" 0000ea60 ${tail}`,
    `0004 09 "consumer" 00000007 06 "range" 00 0000018bcfe56800
      02 02 "m" 02 "i" 02 "c" 03 "/h" 0000ea60 00002710 03 0102 02 03 00 00`,
  ]
  for (const [version, golden] of byVersion.entries()) {
    expect(hexOf([encodeGroupMetadataValue(group, version)])).toBe(hex(golden))
    expect(decodeGroupMetadataValue(bytesOf(golden))).toEqual({
      ...group,
      currentStateTimestamp: version >= 2 ? group.currentStateTimestamp : -1,
      members: [
        {
          ...member,
          groupInstanceId: version >= 3 ? 'i' : null,
          rebalanceTimeout: version >= 1 ? 60_000 : -1,
        },
      ],
    })
  }
  expect(encodeGroupMetadataValue(group)).toEqual(encodeGroupMetadataValue(group, 3))
})

test('a value of a version that is not known is a DecodeError', () => {
  expect(() => decodeOffsetCommitValue(bytesOf(`0005 ${'00'.repeat(40)}`))).toThrow(
    'OffsetCommitValue: version 5 is not known',
  )
  expect(() => decodeGroupMetadataValue(bytesOf('ffff'))).toThrow(DecodeError)
})

test('large members survive: what is passed on by reference is joined again', () => {
  const large = { ...group, members: [{ ...member, subscription: new Uint8Array(9000).fill(7) }] }
  expect(decodeGroupMetadataValue(encodeGroupMetadataValue(large))).toEqual(large)
})
