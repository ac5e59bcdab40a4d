// Broker configs of replicas and their leaders.
// Names, types and defaults are Kafka's.

import type { ConfigTable } from '../definition.ts'

export const replicationConfigs = {
  'alter.log.dirs.replication.quota.window.num': { type: 'int', default: '11', min: 1 },
  'alter.log.dirs.replication.quota.window.size.seconds': { type: 'int', default: '1', min: 1 },
  'auto.leader.rebalance.enable': { type: 'boolean', default: 'true' },
  'default.replication.factor': {
    type: 'int',
    default: '1',
    doc: 'Replicas of a topic that is created without saying how many.',
  },
  'follower.fetch.last.tiered.offset.enable': { type: 'boolean', default: 'false' },
  'inter.broker.listener.name': { type: 'string' },
  'leader.imbalance.check.interval.seconds': {
    type: 'long',
    default: '300',
    min: 1,
    doc: 'How often leadership is given back to preferred leaders.',
  },
  'num.partitions': {
    type: 'int',
    default: '1',
    min: 1,
    doc: 'Partitions of a topic that is created without saying how many.',
  },
  'num.replica.alter.log.dirs.threads': { type: 'int' },
  'num.replica.fetchers': { type: 'int', default: '1', min: 1, update: 'clusterWide' },
  'replica.fetch.backoff.ms': { type: 'int', default: '1000', min: 0 },
  'replica.fetch.max.bytes': { type: 'int', default: '1048576', min: 0 },
  'replica.fetch.min.bytes': { type: 'int', default: '1' },
  'replica.fetch.response.max.bytes': { type: 'int', default: '10485760', min: 0 },
  'replica.fetch.wait.max.ms': { type: 'int', default: '500' },
  'replica.high.watermark.checkpoint.interval.ms': { type: 'long', default: '5000' },
  'replica.lag.time.max.ms': {
    type: 'long',
    default: '30000',
    doc: 'A follower that has not caught up for so long leaves the ISR.',
  },
  'replica.selector.class': { type: 'string' },
  'replica.socket.receive.buffer.bytes': { type: 'int', default: '65536' },
  'replica.socket.timeout.ms': { type: 'int', default: '30000' },
  'replication.quota.window.num': { type: 'int', default: '11', min: 1 },
  'replication.quota.window.size.seconds': { type: 'int', default: '1', min: 1 },
} as const satisfies ConfigTable
