import { fromHex, toHex } from '@klamm/base'
import { BatchBuilder, type BatchOptions, encodeGroupMetadataValue } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { GroupRecord, OffsetCommitRecord } from '../coordinator/groups/records.ts'
import { stableGroup } from '../coordinator/testing/form-group.ts'
import { TestShard } from '../coordinator/testing/test-shard.ts'
import { groupCodec } from './group-codec.ts'
import type { ShardLogRecord } from './shard-log.ts'

function batchOf(records: readonly Partial<ShardLogRecord>[], options: BatchOptions = {}) {
  const builder = new BatchBuilder()
  for (const { key = null, value = null } of records) builder.append({ key, value, timestamp: 1 })
  return builder.build(options)
}

/** The records as they come back from a stored batch. */
function stored(records: readonly GroupRecord[]): readonly GroupRecord[] {
  return [...groupCodec.decodeBatch(batchOf(records.map(record => groupCodec.encode(record))))]
}

const topicId = 'AAECAwQFBgcICQoLDA0ODw'

const commit: OffsetCommitRecord = {
  kind: 'offsetCommit',
  groupId: 'g',
  topic: 't',
  partition: 3,
  value: {
    offset: 42,
    leaderEpoch: 5,
    metadata: 'm',
    commitWallMs: 1_000,
    expireWallMs: undefined,
    topicId: undefined,
  },
}

const member = {
  memberId: 'a',
  groupInstanceId: 'i',
  clientId: 'c',
  clientHost: '/h',
  rebalanceTimeoutMs: 3,
  sessionTimeoutMs: 2,
  subscription: new Uint8Array([1]),
  assignment: new Uint8Array([2, 3]),
}

const group: GroupRecord = {
  kind: 'groupMetadata',
  groupId: 'g',
  protocolType: 'consumer',
  generationId: 7,
  protocolName: 'range',
  leaderId: 'a',
  stateWallMs: 1_000,
  members: [member, { ...member, memberId: 'b', groupInstanceId: undefined }],
}

test('every record comes back from the log as it was', () => {
  const records: readonly GroupRecord[] = [
    commit,
    { ...commit, value: { ...commit.value, topicId, leaderEpoch: -1 } },
    { ...commit, value: { ...commit.value, leaderEpoch: -1, expireWallMs: 2_000 } },
    { kind: 'offsetTombstone', groupId: 'g', topic: 't', partition: 3 },
    group,
    { ...group, protocolName: undefined, leaderId: undefined, members: [] },
    { ...group, protocolType: undefined, stateWallMs: undefined, members: [] },
    { kind: 'groupTombstone', groupId: 'g' },
  ]
  expect(stored(records)).toEqual(records)
})

test('what a group logs while it is served is what is loaded', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a', 'b'])
  shard.join({ groupInstanceId: 'i' }, 'c')
  shard.commitOffset(7, { memberId: 'a', generationId: 1 }, 'note')
  shard.leave([{ memberId: 'a' }, { memberId: 'b' }, { memberId: 'c' }])
  const records = shard.log.batches.flatMap(batch => batch.records)
  expect(records.map(({ kind }) => kind)).toContain('offsetCommit')
  expect(stored(records)).toEqual(records)
})

test('an offset has the bytes that Kafka gives it', () => {
  const { key, value } = groupCodec.encode(commit)
  // Version 1; "g"; "t"; partition 3.
  expect(toHex(key)).toBe('0001' + '000167' + '000174' + '00000003')
  // Version 3; offset 42; leader epoch 5; "m"; committed at 1000.
  const bytes = '0003' + '000000000000002a' + '00000005' + '00016d' + '00000000000003e8'
  expect(toHex(value ?? new Uint8Array(0))).toBe(bytes)
})

test('an offset that says which topic it is of, or how long it is kept, says so in the log', () => {
  const withTopic = groupCodec.encode({ ...commit, value: { ...commit.value, topicId } })
  // Version 4, flexible: compact string; one tag, 0, of 16 bytes.
  expect(toHex(withTopic.value ?? new Uint8Array(0))).toBe(
    '0004' +
      '000000000000002a' +
      '00000005' +
      '026d' +
      '00000000000003e8' +
      '01' +
      '00' +
      '10' +
      '000102030405060708090a0b0c0d0e0f',
  )
  const kept = groupCodec.encode({ ...commit, value: { ...commit.value, expireWallMs: 2_000 } })
  // Version 1: no leader epoch, but when it expires.
  expect(toHex(kept.value ?? new Uint8Array(0))).toBe(
    '0001' + '000000000000002a' + '00016d' + '00000000000003e8' + '00000000000007d0',
  )
})

test('a group has the bytes that Kafka gives it', () => {
  const { key, value } = groupCodec.encode({ ...group, members: [member] } as GroupRecord)
  expect(toHex(key)).toBe('0002' + '000167')
  expect(toHex(value ?? new Uint8Array(0))).toBe(
    // Version 3; "consumer"; generation 7; "range"; leader "a"; since 1000; one member.
    '0003' +
      '0008636f6e73756d6572' +
      '00000007' +
      '000572616e6765' +
      '000161' +
      '00000000000003e8' +
      '00000001' +
      // "a"; instance "i"; client "c"; host "/h"; rebalance 3 ms; session 2 ms; what it wants, has.
      '000161' +
      '000169' +
      '000163' +
      '00022f68' +
      '00000003' +
      '00000002' +
      '0000000101' +
      '000000020203',
  )
})

test('forgetting is a key without a value', () => {
  const { key, value } = groupCodec.encode({ kind: 'groupTombstone', groupId: 'g' })
  expect([toHex(key), value]).toEqual(['0002000167', null])
})

test('a member whose rebalance time-out an old broker did not log has its session time-out', () => {
  const value = encodeGroupMetadataValue(
    {
      protocolType: 'consumer',
      generation: 1,
      protocol: 'range',
      leader: 'a',
      currentStateTimestamp: -1,
      members: [
        {
          memberId: 'a',
          groupInstanceId: null,
          clientId: '',
          clientHost: '',
          rebalanceTimeout: -1,
          sessionTimeout: 9,
          subscription: new Uint8Array(0),
          assignment: new Uint8Array(0),
        },
      ],
    },
    0,
  )
  const [record] = groupCodec.decodeBatch(batchOf([{ key: fromHex('0002000167'), value }]))
  expect(record).toMatchObject({
    stateWallMs: undefined,
    members: [{ rebalanceTimeoutMs: 9, sessionTimeoutMs: 9 }],
  })
})

test('records of kinds that are not known, markers and offsets of transactions are left out', () => {
  const known = groupCodec.encode(commit)
  const unknown = { key: fromHex('0003000167'), value: new Uint8Array([1]) }
  const mixed = batchOf([unknown, known, {}])
  expect([...groupCodec.decodeBatch(mixed)]).toEqual([commit])
  const transactional = batchOf([known], { isTransactional: true, producerId: 1, producerEpoch: 0 })
  expect([...groupCodec.decodeBatch(transactional)]).toEqual([])
  const control = batchOf([known], { isControl: true, producerId: 1, producerEpoch: 0 })
  expect([...groupCodec.decodeBatch(control)]).toEqual([])
})

test('what is kept of a group does not keep its batch in memory', () => {
  const [record] = stored([group])
  const bytes = record?.kind === 'groupMetadata' ? record.members[0]?.assignment : undefined
  expect(bytes?.buffer.byteLength).toBe(2)
})
