// Which value of a config holds, and where it comes from: set for the topic or the broker, set for
// all brokers, given at start, or the default.

import { present } from '@klamm/base'
import type { ConfigDefinition, ConfigType } from './definition.ts'
import {
  brokerDefinitions,
  groupDefinitions,
  staticBrokerDefinitions,
  topicDefinitions,
} from './definitions.ts'

export type ConfigSource =
  | 'dynamicTopic'
  | 'dynamicBroker'
  | 'dynamicDefaultBroker'
  | 'staticBroker'
  | 'default'
  | 'group'

/** Where broker configs come from; the first layer that has a value wins. */
export interface BrokerLayers {
  /** Set at run time for one broker. Empty where the whole cluster must agree on a value. */
  readonly broker: ReadonlyMap<string, string>
  /** Set at run time for all brokers. */
  readonly brokerDefault: ReadonlyMap<string, string>
  /** Given when the broker was started. */
  readonly static: ReadonlyMap<string, string>
}

export interface ConfigSynonym {
  readonly name: string
  readonly value: string
  readonly source: ConfigSource
}

export interface ConfigEntry {
  readonly name: string
  /** Undefined: null. A password is never shown. */
  readonly value: string | undefined
  readonly source: ConfigSource
  readonly type: ConfigType
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  /** Everything that could have given the value, the one that does first. */
  readonly synonyms: readonly ConfigSynonym[]
  readonly doc: string | undefined
}

/** Broker configs that say the same in another unit, in milliseconds. */
const unitsMs: ReadonlyMap<string, number> = new Map([
  ['log.roll.hours', 3_600_000],
  ['log.roll.jitter.hours', 3_600_000],
  ['log.retention.minutes', 60_000],
  ['log.retention.hours', 3_600_000],
])

/** The value of a broker config, and where it comes from; undefined: null. */
export function brokerValue(name: string, layers: BrokerLayers): string | undefined {
  return (
    layers.broker.get(name) ??
    layers.brokerDefault.get(name) ??
    layers.static.get(name) ??
    brokerDefinitions.get(name)?.default
  )
}

/** The value of a config of a topic; `values` is what was set for it. Undefined: null. */
export function topicValue(
  name: string,
  values: ReadonlyMap<string, string>,
  layers: BrokerLayers,
): string | undefined {
  const own = values.get(name)
  if (own !== undefined) return own
  const definition = topicDefinitions.get(name)
  for (const synonym of definition?.synonyms ?? []) {
    const value = brokerValue(synonym, layers)
    if (value !== undefined) return inMs(synonym, value)
  }
  return definition?.default
}

/** Every config of a topic, sorted by name. */
export function topicEntries(
  values: ReadonlyMap<string, string>,
  layers: BrokerLayers,
): ConfigEntry[] {
  return [...topicDefinitions.keys()].sort().map(name => {
    const definition = present(topicDefinitions.get(name), 'every name has a definition')
    const synonyms: ConfigSynonym[] = []
    const own = values.get(name)
    if (own !== undefined) synonyms.push({ name, value: own, source: 'dynamicTopic' })
    for (const synonym of definition.synonyms ?? []) addLayers(synonym, layers, synonyms)
    return entry(name, definition, topicValue(name, values, layers), synonyms, false)
  })
}

/** Every config of a broker, sorted by name. */
export function brokerEntries(layers: BrokerLayers): ConfigEntry[] {
  const names = new Set(staticBrokerDefinitions.keys())
  for (const name of layers.broker.keys()) names.add(name)
  for (const name of layers.brokerDefault.keys()) names.add(name)
  return [...names].sort().flatMap(name => {
    const definition = brokerDefinitions.get(name)
    if (definition === undefined) return []
    const synonyms: ConfigSynonym[] = []
    addLayers(name, layers, synonyms)
    const isReadOnly = definition.update === undefined
    return [entry(name, definition, brokerValue(name, layers), synonyms, isReadOnly)]
  })
}

/**
 * Every config of a group, sorted by name; `values` is what was set for it. The broker config for
 * groups without a value of their own, where there is one, has the same name behind `group.`.
 */
export function groupEntries(
  values: ReadonlyMap<string, string>,
  layers: BrokerLayers,
): ConfigEntry[] {
  return [...groupDefinitions.keys()].sort().map(name => {
    const definition = present(groupDefinitions.get(name), 'every name has a definition')
    const synonyms: ConfigSynonym[] = []
    const own = values.get(name)
    if (own !== undefined) synonyms.push({ name, value: own, source: 'group' })
    if (brokerDefinitions.has(`group.${name}`)) addLayers(`group.${name}`, layers, synonyms)
    else add(name, definition.default, 'default', synonyms)
    const value = synonyms[0]?.value ?? definition.default
    return entry(name, definition, value, synonyms, false)
  })
}

/** What is set at run time for all brokers, sorted by name. */
export function brokerDefaultEntries(brokerDefault: ReadonlyMap<string, string>): ConfigEntry[] {
  return [...brokerDefault.keys()].sort().flatMap(name => {
    const definition = brokerDefinitions.get(name)
    const value = brokerDefault.get(name)
    if (definition === undefined || value === undefined) return []
    const synonyms: ConfigSynonym[] = [{ name, value, source: 'dynamicDefaultBroker' }]
    if (definition.default !== undefined) {
      synonyms.push({ name, value: definition.default, source: 'default' })
    }
    return [entry(name, definition, value, synonyms, definition.update === undefined)]
  })
}

function addLayers(name: string, layers: BrokerLayers, synonyms: ConfigSynonym[]): void {
  add(name, layers.broker.get(name), 'dynamicBroker', synonyms)
  add(name, layers.brokerDefault.get(name), 'dynamicDefaultBroker', synonyms)
  add(name, layers.static.get(name), 'staticBroker', synonyms)
  add(name, brokerDefinitions.get(name)?.default, 'default', synonyms)
}

function add(
  name: string,
  value: string | undefined,
  source: ConfigSource,
  synonyms: ConfigSynonym[],
): void {
  if (value !== undefined) synonyms.push({ name, value, source })
}

function entry(
  name: string,
  definition: ConfigDefinition,
  value: string | undefined,
  synonyms: readonly ConfigSynonym[],
  isReadOnly: boolean,
): ConfigEntry {
  const isSensitive = definition.type === 'password'
  return {
    name,
    value: isSensitive ? undefined : value,
    source: synonyms[0]?.source ?? 'default',
    type: definition.type,
    isReadOnly,
    isSensitive,
    synonyms: isSensitive ? [] : synonyms,
    doc: definition.doc,
  }
}

/** -1 stands for no limit in every unit. */
function inMs(name: string, value: string): string {
  const unitMs = unitsMs.get(name)
  return unitMs === undefined || value.startsWith('-') ? value : `${Number(value) * unitMs}`
}
