// Keys and values of the records in __consumer_offsets, as classic groups and offsets need them.
// The version in front of a key says what kind of record it is; a null value is a tombstone.

import { DecodeError } from './decode-error.ts'
import { Reader } from './reader.ts'
import {
  array,
  bytes,
  dataSchema,
  int32,
  int64,
  type Message,
  nullableString,
  string,
  uuid,
} from './schema.ts'
import { decodeVersioned, encodeVersioned } from './versioned.ts'

/** v0 was written by brokers before 0.9, with its own value layout; v1 by all since. */
export const OffsetCommitKey = dataSchema({
  name: 'OffsetCommitKey',
  versions: [0, 1],
  flexibleSince: Number.POSITIVE_INFINITY,
  fields: { group: string(), topic: string(), partition: int32() },
})

/**
 * v1 adds expireTimestamp, which v2 removes again (KIP-211), v3 adds leaderEpoch (KIP-320), v4 is
 * flexible and adds topicId (KIP-848).
 */
export const OffsetCommitValue = dataSchema({
  name: 'OffsetCommitValue',
  versions: [0, 4],
  flexibleSince: 4,
  fields: {
    /** The next offset to consume. */
    offset: int64(),
    /** Of the last record consumed; -1 when unknown. */
    leaderEpoch: int32({ since: 3, default: -1 }),
    metadata: string(),
    /** Ms since 1970. */
    commitTimestamp: int64(),
    /** Ms since 1970; -1 for the broker's retention. */
    expireTimestamp: int64({ since: 1, until: 1, default: -1 }),
    /** The zero uuid when unknown. */
    topicId: uuid({ since: 4, tag: 0 }),
  },
})

export const GroupMetadataKey = dataSchema({
  name: 'GroupMetadataKey',
  versions: [2, 2],
  flexibleSince: Number.POSITIVE_INFINITY,
  fields: { group: string() },
})

/**
 * v1 adds rebalanceTimeout (KIP-62), v2 currentStateTimestamp (KIP-211), v3 groupInstanceId
 * (KIP-345), v4 is flexible.
 */
export const GroupMetadataValue = dataSchema({
  name: 'GroupMetadataValue',
  versions: [0, 4],
  flexibleSince: 4,
  fields: {
    protocolType: string(),
    generation: int32(),
    /** The assignor; null when the group is empty. */
    protocol: nullableString(),
    /** Member id of the leader; null when the group is empty. */
    leader: nullableString(),
    /** When the group entered its state, in ms since 1970; -1 when unknown. */
    currentStateTimestamp: int64({ since: 2, default: -1 }),
    members: array({
      memberId: string(),
      /** Set by a static member; null for a dynamic one. */
      groupInstanceId: nullableString({ since: 3 }),
      clientId: string(),
      clientHost: string(),
      /** In ms; -1 when unknown: the session timeout. */
      rebalanceTimeout: int32({ since: 1, default: -1 }),
      /** In ms. */
      sessionTimeout: int32(),
      /** The member's metadata for the assignor that was chosen. */
      subscription: bytes(),
      assignment: bytes(),
    }),
  },
})

export interface OffsetCommitValueMessage extends Message<typeof OffsetCommitValue.fields> {}
export interface GroupMetadataValueMessage extends Message<typeof GroupMetadataValue.fields> {}

export type CoordinatorKey =
  | {
      readonly kind: 'offsetCommit'
      readonly group: string
      readonly topic: string
      readonly partition: number
    }
  | { readonly kind: 'groupMetadata'; readonly group: string }
  /** A record that a newer or richer broker wrote; `version` is all that is known of it. */
  | { readonly kind: 'unknown'; readonly version: number }

const offsetCommitVersion = 1
const groupMetadataVersion = 2

export function encodeCoordinatorKey(
  key: Exclude<CoordinatorKey, { kind: 'unknown' }>,
): Uint8Array {
  return key.kind === 'offsetCommit'
    ? encodeVersioned(OffsetCommitKey, offsetCommitVersion, key)
    : encodeVersioned(GroupMetadataKey, groupMetadataVersion, key)
}

/** A key of a kind that is not known is no error. Throws DecodeError when the bytes are none. */
export function decodeCoordinatorKey(key: Uint8Array): CoordinatorKey {
  const version = new Reader(key).int16()
  if (version < 0) throw new DecodeError(`coordinator key of version ${version}`, 0)
  if (version <= offsetCommitVersion) {
    const { group, topic, partition } = decodeVersioned(OffsetCommitKey, key, 'refuse')
    return { kind: 'offsetCommit', group, topic, partition }
  }
  if (version === groupMetadataVersion) {
    return { kind: 'groupMetadata', group: decodeVersioned(GroupMetadataKey, key, 'refuse').group }
  }
  return { kind: 'unknown', version }
}

/** v3 can be read by every broker since 2.1; v1 alone keeps expireTimestamp, v4 alone topicId. */
export function encodeOffsetCommitValue(value: OffsetCommitValueMessage, version = 3): Uint8Array {
  return encodeVersioned(OffsetCommitValue, version, value)
}

/** Throws DecodeError, also for a version that is not known. */
export function decodeOffsetCommitValue(value: Uint8Array): OffsetCommitValueMessage {
  return decodeVersioned(OffsetCommitValue, value, 'refuse')
}

export function encodeGroupMetadataValue(
  value: GroupMetadataValueMessage,
  version = 3,
): Uint8Array {
  return encodeVersioned(GroupMetadataValue, version, value)
}

/** Throws DecodeError, also for a version that is not known. */
export function decodeGroupMetadataValue(value: Uint8Array): GroupMetadataValueMessage {
  return decodeVersioned(GroupMetadataValue, value, 'refuse')
}
