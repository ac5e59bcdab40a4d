// What may be set for whom: names, values, and values that contradict each other.

import { type ConfigDefinition, problemWith } from '../../config/definition.ts'
import { brokerDefinitions, groupDefinitions, topicDefinitions } from '../../config/definitions.ts'
import { type BrokerLayers, topicValue } from '../../config/effective.ts'
import { isTrue, numberOf } from '../../config/topic-config.ts'
import type { ConfigResourceType } from '../records/records.ts'
import { refused } from './state.ts'
import type { ConfigResource, ItemResult } from './types.ts'

const definitions: Readonly<
  Record<ConfigResourceType, ReadonlyMap<string, ConfigDefinition> | undefined>
> = {
  topic: topicDefinitions,
  broker: brokerDefinitions,
  group: groupDefinitions,
  clientMetrics: undefined,
}

export function configDefinition(
  type: ConfigResourceType,
  name: string,
): ConfigDefinition | undefined {
  return definitions[type]?.get(name)
}

/** Why `name` cannot be set for the resource at all; undefined when it can. */
export function problemWithConfigName(
  resource: ConfigResource,
  name: string,
): ItemResult | undefined {
  const definition = configDefinition(resource.type, name)
  if (definition === undefined) {
    return refused('INVALID_CONFIG', `Unknown ${resource.type} config name: ${name}`)
  }
  if (resource.type !== 'broker') return undefined
  if (definition.update === undefined) {
    return refused('INVALID_CONFIG', `Cannot update these configs dynamically: ${name}`)
  }
  if (definition.update === 'perBroker' && resource.name === '') {
    const message = `Cannot update at default cluster level, broker id must be specified: ${name}`
    return refused('INVALID_CONFIG', message)
  }
  // Leaders and the controller must agree on who is eligible.
  if (name === 'min.insync.replicas' && resource.name !== '') {
    return refused('INVALID_CONFIG', `${name} can only be set for the whole cluster or a topic`)
  }
  return undefined
}

/** Why `value` is no value of a config that exists; undefined when it is. */
export function problemWithConfigValue(
  type: ConfigResourceType,
  name: string,
  value: string,
): ItemResult | undefined {
  const definition = configDefinition(type, name)
  const problem = definition === undefined ? undefined : problemWith(definition, value)
  if (problem === undefined) return undefined
  const shown = definition?.type === 'password' ? '[hidden]' : value
  return refused('INVALID_CONFIG', `Invalid value ${shown} for configuration ${name}: ${problem}`)
}

/** Everything that will be set for a topic, taken together. */
export function problemWithTopicConfigs(
  values: ReadonlyMap<string, string>,
  layers: BrokerLayers,
): ItemResult | undefined {
  for (const [name, value] of values) {
    const problem =
      problemWithConfigName({ type: 'topic', name: '' }, name) ??
      problemWithConfigValue('topic', name, value)
    if (problem !== undefined) return problem
  }
  const minLagMs = numberOf(topicValue('min.compaction.lag.ms', values, layers) ?? '0')
  const maxLagMs = numberOf(topicValue('max.compaction.lag.ms', values, layers) ?? '0')
  if (minLagMs > maxLagMs) {
    const message =
      `conflict between topic config setting min.compaction.lag.ms (${minLagMs}) ` +
      `and max.compaction.lag.ms (${maxLagMs})`
    return refused('INVALID_CONFIG', message)
  }
  if (isTrue(values.get('remote.storage.enable'))) {
    return refused('INVALID_CONFIG', 'Tiered storage is not offered: remote.storage.enable')
  }
  return undefined
}
