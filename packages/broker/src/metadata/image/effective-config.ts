// Effective configs as an image has them: where the layers of dynamic configs are found.

import { type BrokerLayers, topicValue } from '../../config/effective.ts'
import { isTrue, numberOf, type TopicConfig, topicConfig } from '../../config/topic-config.ts'
import type { MetadataImage } from './image.ts'

const nothing: ReadonlyMap<string, string> = new Map()

/** The layers for one broker; `staticConfigs` is what that broker was started with. */
export function brokerLayers(
  image: MetadataImage,
  brokerId: number,
  staticConfigs: ReadonlyMap<string, string>,
): BrokerLayers {
  return {
    broker: image.configs.of('broker', `${brokerId}`),
    brokerDefault: image.configs.of('broker', ''),
    static: staticConfigs,
  }
}

/**
 * The layers for what all brokers must agree on: nothing that was set for a single one. Right as
 * long as all of them are started with the same values.
 */
export function clusterLayers(
  image: MetadataImage,
  staticConfigs: ReadonlyMap<string, string>,
): BrokerLayers {
  return { broker: nothing, brokerDefault: image.configs.of('broker', ''), static: staticConfigs }
}

export function topicConfigOf(
  image: MetadataImage,
  topicName: string,
  layers: BrokerLayers,
): TopicConfig {
  return topicConfig(image.configs.of('topic', topicName), layers)
}

/** What elections in a topic go by. */
export interface ElectionConfig {
  readonly minInsyncReplicas: number
  readonly uncleanLeaderElection: boolean
}

/** `values` is what was set for the topic. */
export function electionConfig(
  values: ReadonlyMap<string, string>,
  layers: BrokerLayers,
): ElectionConfig {
  return {
    minInsyncReplicas: numberOf(topicValue('min.insync.replicas', values, layers) ?? '1'),
    uncleanLeaderElection: isTrue(topicValue('unclean.leader.election.enable', values, layers)),
  }
}
