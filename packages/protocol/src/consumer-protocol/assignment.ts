// What the leader of a group assigns to one consumer: the bytes inside SyncGroup, opaque to the
// coordinator.

import { array, dataSchema, int32, type Message, nullableBytes, string } from '../schema.ts'
import { decodeVersioned, encodeVersioned } from '../versioned.ts'

/** v1 to v3 are the same: the version follows that of the subscription. */
export const ConsumerProtocolAssignment = dataSchema({
  name: 'ConsumerProtocolAssignment',
  versions: [0, 3],
  flexibleSince: Number.POSITIVE_INFINITY,
  fields: {
    assignedPartitions: array({ topic: string(), partitions: array(int32()) }),
    /** Whatever the assignor wants to tell its member. */
    userData: nullableBytes(),
  },
})

export interface Assignment extends Message<typeof ConsumerProtocolAssignment.fields> {}

export function encodeAssignment(assignment: Assignment, version = 3): Uint8Array {
  return encodeVersioned(ConsumerProtocolAssignment, version, assignment)
}

/** Versions newer than ours are read as our last: they only add fields. Throws DecodeError. */
export function decodeAssignment(bytes: Uint8Array): Assignment {
  return decodeVersioned(ConsumerProtocolAssignment, bytes, 'asLast')
}
