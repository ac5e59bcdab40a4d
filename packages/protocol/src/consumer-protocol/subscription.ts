// What a consumer tells its group's leader when it joins: the metadata inside JoinGroup, opaque to
// the coordinator.

import {
  array,
  dataSchema,
  int32,
  type Message,
  nullableBytes,
  nullableString,
  string,
} from '../schema.ts'
import { decodeVersioned, encodeVersioned } from '../versioned.ts'

/**
 * v1 adds ownedPartitions for incremental rebalances (KIP-429), v2 generationId (KIP-792), v3
 * rackId (KIP-881).
 */
export const ConsumerProtocolSubscription = dataSchema({
  name: 'ConsumerProtocolSubscription',
  versions: [0, 3],
  flexibleSince: Number.POSITIVE_INFINITY,
  fields: {
    topics: array(string()),
    /** Whatever the assignor wants to keep. */
    userData: nullableBytes(),
    /** What the member has now and wants to keep. */
    ownedPartitions: array({ topic: string(), partitions: array(int32()) }, { since: 1 }),
    /** In which ownedPartitions were assigned; -1 when unknown. */
    generationId: int32({ since: 2, default: -1 }),
    rackId: nullableString({ since: 3 }),
  },
})

export interface Subscription extends Message<typeof ConsumerProtocolSubscription.fields> {}

export function encodeSubscription(subscription: Subscription, version = 3): Uint8Array {
  return encodeVersioned(ConsumerProtocolSubscription, version, subscription)
}

/** Versions newer than ours are read as our last: they only add fields. Throws DecodeError. */
export function decodeSubscription(bytes: Uint8Array): Subscription {
  return decodeVersioned(ConsumerProtocolSubscription, bytes, 'asLast')
}
