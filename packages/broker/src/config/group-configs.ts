// Configs of groups. Names, types and defaults are Kafka's.

import type { ConfigTable } from './definition.ts'

export const groupConfigs = {
  'consumer.assignment.interval.ms': { type: 'int', default: '1000', min: 0 },
  'consumer.heartbeat.interval.ms': { type: 'int', default: '5000', min: 1 },
  'consumer.session.timeout.ms': { type: 'int', default: '45000', min: 1 },
  'errors.deadletterqueue.copy.record.enable': { type: 'boolean', default: 'false' },
  'errors.deadletterqueue.topic.name': { type: 'string', default: '' },
  'share.assignment.interval.ms': { type: 'int', default: '1000', min: 0 },
  'share.auto.offset.reset': { type: 'string', default: 'latest' },
  'share.delivery.count.limit': { type: 'int', default: '5', min: 2 },
  'share.heartbeat.interval.ms': { type: 'int', default: '5000', min: 1 },
  'share.isolation.level': {
    type: 'string',
    default: 'read_uncommitted',
    oneOf: ['read_committed', 'read_uncommitted'],
  },
  'share.partition.max.record.locks': { type: 'int', default: '2000', min: 100 },
  'share.record.lock.duration.ms': { type: 'int', default: '30000', min: 1000 },
  'share.renew.acknowledge.enable': { type: 'boolean', default: 'true' },
  'share.session.timeout.ms': { type: 'int', default: '45000', min: 1 },
  'streams.assignment.interval.ms': { type: 'int', default: '1000', min: 0 },
  'streams.assignor.name': { type: 'string', default: 'sticky' },
  'streams.heartbeat.interval.ms': { type: 'int', default: '5000', min: 1 },
  'streams.initial.rebalance.delay.ms': { type: 'int', default: '3000', min: 0 },
  'streams.num.standby.replicas': { type: 'int', default: '0', min: 0 },
  'streams.rack.aware.assignment.tags': { type: 'list', default: '' },
  'streams.session.timeout.ms': { type: 'int', default: '45000', min: 1 },
} as const satisfies ConfigTable
