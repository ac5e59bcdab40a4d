// Kafka's broker configs as the group coordinator and its internal topic need them.

import { staticLayers } from './broker-options.ts'
import { brokerValue } from './config/effective.ts'
import { numberOf } from './config/topic-config.ts'
import type { GroupConfig } from './coordinator/groups/types.ts'
import type { TopicSpec } from './coordinators/topic-creator.ts'

export const offsetsTopic = '__consumer_offsets'

export function groupConfig(config: ReadonlyMap<string, string>): GroupConfig {
  const number = numbersOf(config)
  return {
    minSessionTimeoutMs: number('group.min.session.timeout.ms'),
    maxSessionTimeoutMs: number('group.max.session.timeout.ms'),
    initialRebalanceDelayMs: number('group.initial.rebalance.delay.ms'),
    maxSize: number('group.max.size'),
    offsetMetadataMaxLength: number('offset.metadata.max.bytes'),
    offsetsRetentionMs: number('offsets.retention.minutes') * 60_000,
    offsetsRetentionCheckIntervalMs: number('offsets.retention.check.interval.ms'),
    commitTimeoutMs: number('offsets.commit.timeout.ms'),
  }
}

export function internalTopicSpecs(
  config: ReadonlyMap<string, string>,
): ReadonlyMap<string, TopicSpec> {
  const number = numbersOf(config)
  const offsets: TopicSpec = {
    partitionCount: number('offsets.topic.num.partitions'),
    replicationFactor: number('offsets.topic.replication.factor'),
    configs: new Map([
      ['cleanup.policy', 'compact'],
      ['compression.type', 'producer'],
      ['segment.bytes', `${number('offsets.topic.segment.bytes')}`],
    ]),
  }
  return new Map([[offsetsTopic, offsets]])
}

function numbersOf(config: ReadonlyMap<string, string>): (name: string) => number {
  const layers = staticLayers(config)
  return name => numberOf(brokerValue(name, layers) ?? '')
}
