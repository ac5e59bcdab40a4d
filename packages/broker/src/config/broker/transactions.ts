// Broker configs of transactions, share groups and dead letters.
// Names, types and defaults are Kafka's.

import type { ConfigTable } from '../definition.ts'

export const transactionsConfigs = {
  'add.partitions.to.txn.retry.backoff.max.ms': { type: 'int', default: '100', min: 0 },
  'add.partitions.to.txn.retry.backoff.ms': { type: 'int', default: '20', min: 1 },
  'errors.deadletterqueue.auto.create.topics.enable': { type: 'boolean', default: 'false' },
  'errors.deadletterqueue.topic.name.prefix': { type: 'string', default: 'dlq.' },
  'share.coordinator.append.linger.ms': { type: 'int', default: '-1', min: -1 },
  'share.coordinator.cached.buffer.max.bytes': { type: 'int', default: '1048588', min: 524288 },
  'share.coordinator.load.buffer.size': { type: 'int', default: '5242880', min: 1 },
  'share.coordinator.snapshot.update.records.per.snapshot': {
    type: 'int',
    default: '500',
    min: 0,
    max: 500,
  },
  'share.coordinator.state.topic.compression.codec': { type: 'int', default: '0' },
  'share.coordinator.state.topic.min.isr': { type: 'short', default: '2', min: 1 },
  'share.coordinator.state.topic.num.partitions': { type: 'int', default: '50', min: 1 },
  'share.coordinator.state.topic.replication.factor': { type: 'short', default: '3', min: 1 },
  'share.coordinator.state.topic.segment.bytes': { type: 'int', default: '104857600', min: 1 },
  'share.coordinator.threads': { type: 'int', default: '1', min: 1 },
  'share.coordinator.write.timeout.ms': { type: 'int', default: '5000', min: 1 },
  'share.fetch.purgatory.purge.interval.requests': { type: 'int', default: '1000' },
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': {
    type: 'int',
    default: '10000',
    min: 1,
  },
  'transaction.max.timeout.ms': {
    type: 'int',
    default: '900000',
    min: 1,
    doc: 'Longest time-out a transactional producer may ask for.',
  },
  'transaction.partition.verification.enable': {
    type: 'boolean',
    default: 'true',
    update: 'clusterWide',
  },
  'transaction.remove.expired.transaction.cleanup.interval.ms': {
    type: 'int',
    default: '3600000',
    min: 1,
  },
  'transaction.state.log.load.buffer.size': { type: 'int', default: '5242880', min: 1 },
  'transaction.state.log.min.isr': { type: 'int', default: '2', min: 1 },
  'transaction.state.log.num.partitions': { type: 'int', default: '50', min: 1 },
  'transaction.state.log.replication.factor': { type: 'short', default: '3', min: 1 },
  'transaction.state.log.segment.bytes': { type: 'int', default: '104857600', min: 1 },
  'transaction.two.phase.commit.enable': { type: 'boolean', default: 'false' },
  'transactional.id.expiration.ms': { type: 'int', default: '604800000', min: 1 },
} as const satisfies ConfigTable
