// The records of a group shard as Kafka stores them in __consumer_offsets, so that its tools read
// our log and we could read its.

import {
  type CoordinatorKey,
  decodeCoordinatorKey,
  decodeGroupMetadataValue,
  decodeOffsetCommitValue,
  encodeCoordinatorKey,
  encodeGroupMetadataValue,
  encodeOffsetCommitValue,
  isControlBatch,
  isTransactionalBatch,
  readBatchHeader,
  readRecords,
  zeroUuid,
} from '@klamm/protocol'
import type {
  CommittedOffset,
  GroupMetadataRecord,
  GroupRecord,
} from '../coordinator/groups/records.ts'
import type { ShardCodec } from './shard-driver.ts'
import type { ShardLogRecord } from './shard-log.ts'

export const groupCodec: ShardCodec<GroupRecord> = {
  encode(record): ShardLogRecord {
    return { key: encodeCoordinatorKey(keyOf(record)), value: bytesOf(record) }
  },

  *decodeBatch(batch): Iterable<GroupRecord> {
    const header = readBatchHeader(batch)
    // Offsets of a transaction count when its marker says so, and this broker writes none.
    if (isControlBatch(header) || isTransactionalBatch(header)) return
    for (const { key, value } of readRecords(batch, header)) {
      const record = key === null ? undefined : decode(decodeCoordinatorKey(key), value)
      if (record !== undefined) yield record
    }
  },
}

function keyOf(record: GroupRecord): Exclude<CoordinatorKey, { kind: 'unknown' }> {
  switch (record.kind) {
    case 'groupMetadata':
    case 'groupTombstone':
      return { kind: 'groupMetadata', group: record.groupId }
    case 'offsetCommit':
    case 'offsetTombstone': {
      const { groupId, topic, partition } = record
      return { kind: 'offsetCommit', group: groupId, topic, partition }
    }
  }
}

function bytesOf(record: GroupRecord): Uint8Array | null {
  switch (record.kind) {
    case 'groupMetadata':
      return encodeGroup(record)
    case 'offsetCommit':
      return encodeOffset(record.value)
    case 'groupTombstone':
    case 'offsetTombstone':
      return null
  }
}

/** Undefined for a record of a kind that groups here do not know. */
function decode(key: CoordinatorKey, value: Uint8Array | null): GroupRecord | undefined {
  switch (key.kind) {
    case 'groupMetadata':
      return value === null
        ? { kind: 'groupTombstone', groupId: key.group }
        : decodeGroup(key.group, value)
    case 'offsetCommit': {
      const { group: groupId, topic, partition } = key
      return value === null
        ? { kind: 'offsetTombstone', groupId, topic, partition }
        : { kind: 'offsetCommit', groupId, topic, partition, value: decodeOffset(value) }
    }
    case 'unknown':
      return undefined
  }
}

function encodeOffset(value: CommittedOffset): Uint8Array {
  const { expireWallMs, topicId } = value
  const message = {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestamp: value.commitWallMs,
    expireTimestamp: expireWallMs ?? -1,
    topicId: topicId ?? zeroUuid,
  }
  // The oldest version that holds what there is: only v1 has a retention, only v4 a topic id.
  if (expireWallMs !== undefined) return encodeOffsetCommitValue(message, 1)
  return encodeOffsetCommitValue(message, topicId === undefined ? 3 : 4)
}

function decodeOffset(bytes: Uint8Array): CommittedOffset {
  const value = decodeOffsetCommitValue(bytes)
  return {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitWallMs: value.commitTimestamp,
    expireWallMs: value.expireTimestamp < 0 ? undefined : value.expireTimestamp,
    topicId: value.topicId === zeroUuid ? undefined : value.topicId,
  }
}

function encodeGroup(record: GroupMetadataRecord): Uint8Array {
  return encodeGroupMetadataValue({
    protocolType: record.protocolType ?? '',
    generation: record.generationId,
    protocol: record.protocolName ?? null,
    leader: record.leaderId ?? null,
    currentStateTimestamp: record.stateWallMs ?? -1,
    members: record.members.map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId ?? null,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.subscription,
      assignment: member.assignment,
    })),
  })
}

function decodeGroup(groupId: string, bytes: Uint8Array): GroupMetadataRecord {
  const value = decodeGroupMetadataValue(bytes)
  return {
    kind: 'groupMetadata',
    groupId,
    protocolType: value.protocolType === '' ? undefined : value.protocolType,
    generationId: value.generation,
    protocolName: value.protocol ?? undefined,
    leaderId: value.leader ?? undefined,
    stateWallMs: value.currentStateTimestamp < 0 ? undefined : value.currentStateTimestamp,
    members: value.members.map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId ?? undefined,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs:
        member.rebalanceTimeout < 0 ? member.sessionTimeout : member.rebalanceTimeout,
      sessionTimeoutMs: member.sessionTimeout,
      // Copies: the batch they came in need not stay in memory for as long as the group does.
      subscription: new Uint8Array(member.subscription),
      assignment: new Uint8Array(member.assignment),
    })),
  }
}
