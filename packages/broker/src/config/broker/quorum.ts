// Broker configs of the controller quorum and the registration of brokers.
// Names, types and defaults are Kafka's.

import type { ConfigTable } from '../definition.ts'

export const quorumConfigs = {
  'broker.heartbeat.interval.ms': {
    type: 'int',
    default: '2000',
    doc: 'Time between the heartbeats of a broker.',
  },
  'broker.id': { type: 'int', default: '-1' },
  'broker.session.timeout.ms': {
    type: 'int',
    default: '9000',
    doc: 'A broker not heard of for so long is fenced.',
  },
  'controlled.shutdown.enable': { type: 'boolean', default: 'true' },
  'controller.listener.names': { type: 'list' },
  'controller.quorum.append.linger.ms': { type: 'int', default: '25', min: 0 },
  'controller.quorum.auto.join.enable': { type: 'boolean', default: 'false' },
  'controller.quorum.bootstrap.servers': { type: 'list', default: '', nonEmpty: true },
  'controller.quorum.election.backoff.max.ms': { type: 'int', default: '1000', min: 0 },
  'controller.quorum.election.timeout.ms': { type: 'int', default: '1000', min: 0 },
  'controller.quorum.fetch.max.bytes': { type: 'int', default: '1048576', min: 1 },
  'controller.quorum.fetch.snapshot.max.bytes': { type: 'int', default: '1048576', min: 1 },
  'controller.quorum.fetch.timeout.ms': { type: 'int', default: '2000', min: 0 },
  'controller.quorum.request.timeout.ms': { type: 'int', default: '2000', min: 0 },
  'controller.quorum.retry.backoff.ms': { type: 'int', default: '20', min: 0 },
  'controller.quorum.voters': { type: 'list', default: '', nonEmpty: true },
  'controller.quota.window.num': { type: 'int', default: '11', min: 1 },
  'controller.quota.window.size.seconds': { type: 'int', default: '1', min: 1 },
  'controller.socket.timeout.ms': { type: 'int', default: '30000' },
  'initial.broker.registration.timeout.ms': { type: 'int', default: '60000' },
  'kafka.metrics.polling.interval.secs': { type: 'int', default: '10', min: 1 },
  'kafka.metrics.reporters': { type: 'list', default: '' },
  'metadata.log.dir': { type: 'string' },
  'metadata.log.max.record.bytes.between.snapshots': { type: 'long', default: '20971520', min: 1 },
  'metadata.log.max.snapshot.interval.ms': { type: 'long', default: '3600000', min: 0 },
  'metadata.log.segment.bytes': { type: 'int', default: '1073741824', min: 8388608 },
  'metadata.log.segment.ms': { type: 'long', default: '604800000' },
  'metadata.max.idle.interval.ms': { type: 'int', default: '500', min: 0 },
  'metadata.max.retention.bytes': { type: 'long', default: '104857600' },
  'metadata.max.retention.ms': { type: 'long', default: '604800000' },
  'node.id': { type: 'int', min: 0, doc: 'The id of this broker.' },
  'process.roles': { type: 'list', oneOf: ['broker', 'controller'] },
} as const satisfies ConfigTable
