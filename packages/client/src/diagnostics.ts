// What this client tells `node:diagnostics_channel`: named channels that cost nothing while nobody
// listens. Ask `hasSubscribers` before an event is made.

import {
  type Channel,
  channel,
  type TracingChannel,
  tracingChannel,
} from 'node:diagnostics_channel'

const prefix = 'klamm:client:'

const tracing = (name: string): TracingChannel<unknown, object> =>
  tracingChannel(`${prefix}${name}`)
const plain = (name: string): Channel => channel(`${prefix}${name}`)

/** The channels; each is named `klamm:client:` and its path here. */
export const diagnostics = {
  /** One request until its answer: { clientId, brokerId, api, version }. */
  request: tracing('request'),
  /** A connection is up, its versions known: { clientId, brokerId, address, lane }. */
  connect: plain('connect'),
  /** A connection is gone, whoever ended it: { clientId, brokerId, address, lane, error }. */
  disconnect: plain('disconnect'),
  /** One `send` until all of its records are acknowledged: { clientId, topic, messages }. */
  producerSend: tracing('producer.send'),
  /** A batch was answered: { clientId, topic, partition, records, bytes, attempts, error }. */
  producerBatch: plain('producer.batch'),
  /** The group was joined: { clientId, groupId, memberId, generationId, isLeader }. */
  consumerJoin: plain('consumer.join'),
  /** Partitions changed hands: { clientId, groupId, assigned, revoked, lost }. */
  consumerRebalance: plain('consumer.rebalance'),
  /** A fetch was answered: { clientId, groupId, brokerId, records, bytes, durationMs }. */
  consumerFetch: plain('consumer.fetch'),
  /** A handler at work: { clientId, groupId, topic, partition, offset, records }. */
  consumerProcess: tracing('consumer.process'),
  /** Offsets were committed, or not: { clientId, groupId, offsets, error }. */
  consumerCommit: plain('consumer.commit'),
  /** The coordinator knows that the member lives: { clientId, groupId, generationId }. */
  heartbeat: plain('heartbeat'),
  /** Heartbeats are late: { clientId, groupId, lateMs }. */
  heartbeatStalled: plain('heartbeat.stalled'),
  /** A run loop ended by an error: { clientId, groupId, error, restarts }. */
  crash: plain('crash'),
}

export type Diagnostics = typeof diagnostics
