// Configs of topics, brokers and groups: read with where each value comes from, changed one by one.

import {
  DescribeConfigs,
  type DescribeConfigsResponse,
  IncrementalAlterConfigs,
  type ItemOf,
  ListConfigResources,
} from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import type { KafkaError } from '../errors.ts'
import type { Target } from '../network/brokers.ts'
import { askEach, errorOf, groupedBy } from './answers.ts'
import {
  type AdminCallOptions,
  type ManyOptions,
  type Results,
  settleMany,
  settleOne,
} from './call.ts'
import { type ConfigValue, textOf } from './config-value.ts'

const resourceTypes = {
  topic: 2,
  broker: 4,
  'broker-logger': 8,
  'client-metrics': 16,
  group: 32,
} as const

export type ConfigResourceType = keyof typeof resourceTypes

const typeNames = new Map(
  (Object.keys(resourceTypes) as ConfigResourceType[]).map(name => [resourceTypes[name], name]),
)

const sources = [
  'unknown',
  'topic',
  'dynamic-broker',
  'dynamic-default-broker',
  'static-broker',
  'default',
  'dynamic-broker-logger',
  'client-metrics',
  'group',
] as const

/** Where a value was set; `default` when nowhere. */
export type ConfigSource = (typeof sources)[number]

const valueTypes = [
  'unknown',
  'boolean',
  'string',
  'int',
  'short',
  'long',
  'double',
  'list',
  'class',
  'password',
] as const

export type ConfigValueType = (typeof valueTypes)[number]

export interface ConfigResource {
  readonly type: ConfigResourceType
  /** A topic, a group, or a broker's id as text; empty for the defaults of all brokers. */
  readonly name: string
}

export interface ConfigSynonym {
  readonly name: string
  /** Undefined when it is not set, or secret. */
  readonly value: string | undefined
  readonly source: ConfigSource
}

export interface ConfigEntry {
  readonly name: string
  /** Undefined when it is not set, or secret. */
  readonly value: string | undefined
  readonly source: ConfigSource
  readonly isDefault: boolean
  readonly isReadOnly: boolean
  /** Its value is secret. */
  readonly isSensitive: boolean
  readonly type: ConfigValueType
  /** Where else it is set, the strongest first; empty unless `includeSynonyms`. */
  readonly synonyms: readonly ConfigSynonym[]
  /** Undefined unless `includeDocumentation`. */
  readonly documentation: string | undefined
}

export interface ResourceConfigs extends ConfigResource {
  /** By name of the config. */
  readonly configs: ReadonlyMap<string, ConfigEntry>
}

export interface ConfigsToDescribe extends ConfigResource {
  /** All when left out. */
  readonly configNames?: readonly string[] | undefined
}

export interface DescribeConfigsQuery {
  readonly resources: readonly ConfigsToDescribe[]
  readonly includeSynonyms?: boolean | undefined
  readonly includeDocumentation?: boolean | undefined
}

export function describeConfigs<O extends ManyOptions>(
  core: ClientCore,
  query: DescribeConfigsQuery,
  options?: O,
): Promise<Results<O, ConfigsToDescribe, ResourceConfigs>> {
  const { resources, includeSynonyms = false, includeDocumentation = false } = query
  const settings = { name: (resource: ConfigResource) => `configs of ${textOfResource(resource)}` }
  return settleMany(core, resources, options, settings, async (pending, deadline) => {
    await learnBrokers(core, pending, deadline)
    const shares = groupedBy(pending, brokerOf)
    return askEach(shares, async (brokerId, share) => {
      const body = {
        resources: share.map(({ type, name, configNames }) => ({
          resourceType: resourceTypes[type],
          resourceName: name,
          configurationKeys: configNames ?? null,
        })),
        includeSynonyms,
        includeDocumentation,
      }
      const { signal } = deadline
      const sent = { signal, timeoutMs: deadline.remainingMs() }
      const target = targetOf(brokerId)
      const { results } = await core.brokers.request(target, DescribeConfigs, body, sent)
      return matched(share, results, 'describing configs of', result => {
        return new Map(result.configs.map(config => [config.name, entryOf(config)]))
      })
    })
  })
}

type Described = ItemOf<DescribeConfigsResponse['results']>

function matched(
  share: readonly ConfigsToDescribe[],
  results: readonly Described[],
  what: string,
  configsOf: (result: Described) => ReadonlyMap<string, ConfigEntry>,
): Map<ConfigsToDescribe, ResourceConfigs | KafkaError> {
  const found = new Map<ConfigsToDescribe, ResourceConfigs | KafkaError>()
  for (const resource of share) {
    const { type, name } = resource
    const result = results.find(each => isSame(each, resource))
    if (result === undefined) continue
    const text = `${what} ${textOfResource(resource)}`
    const error = errorOf(result.errorCode, result.errorMessage, text, topicOf(resource))
    found.set(resource, error ?? { type, name, configs: configsOf(result) })
  }
  return found
}

function entryOf(config: ItemOf<Described['configs']>): ConfigEntry {
  const source = sources[config.configSource] ?? 'unknown'
  return {
    name: config.name,
    value: config.value ?? undefined,
    source,
    isDefault: source === 'default',
    isReadOnly: config.readOnly,
    isSensitive: config.isSensitive,
    type: valueTypes[config.configType] ?? 'unknown',
    synonyms: config.synonyms.map(synonym => ({
      name: synonym.name,
      value: synonym.value ?? undefined,
      source: sources[synonym.source] ?? 'unknown',
    })),
    documentation: config.documentation ?? undefined,
  }
}

/** A new value; null takes the value away; lists can be added to and taken from. */
export type ConfigChange =
  | ConfigValue
  | null
  | { readonly append: ConfigValue }
  | { readonly subtract: ConfigValue }

export interface ConfigsToAlter extends ConfigResource {
  /** What is not named stays as it is. */
  readonly configs: Readonly<Record<string, ConfigChange>>
}

export interface AlterConfigsRequest {
  readonly resources: readonly ConfigsToAlter[]
  /** Checks everything and changes nothing. */
  readonly validateOnly?: boolean | undefined
}

/** Resolves with the resources that were changed. */
export function alterConfigs<O extends ManyOptions>(
  core: ClientCore,
  { resources, validateOnly = false }: AlterConfigsRequest,
  options?: O,
): Promise<Results<O, ConfigsToAlter, ConfigResource>> {
  const settings = { name: (resource: ConfigResource) => `configs of ${textOfResource(resource)}` }
  return settleMany(core, resources, options, settings, async (pending, deadline) => {
    await learnBrokers(core, pending, deadline)
    const shares = groupedBy(pending, brokerOf)
    return askEach(shares, async (brokerId, share) => {
      const body = {
        resources: share.map(({ type, name, configs }) => ({
          resourceType: resourceTypes[type],
          resourceName: name,
          configs: Object.entries(configs).map(([config, change]) => changeOf(config, change)),
        })),
        validateOnly,
      }
      const sent = { signal: deadline.signal, timeoutMs: deadline.remainingMs() }
      const target = targetOf(brokerId)
      const response = await core.brokers.request(target, IncrementalAlterConfigs, body, sent)
      const results = new Map<ConfigsToAlter, ConfigResource | KafkaError>()
      for (const resource of share) {
        const result = response.responses.find(each => isSame(each, resource))
        if (result === undefined) continue
        const text = `altering configs of ${textOfResource(resource)}`
        const error = errorOf(result.errorCode, result.errorMessage, text, topicOf(resource))
        results.set(resource, error ?? { type: resource.type, name: resource.name })
      }
      return results
    })
  })
}

function changeOf(name: string, change: ConfigChange) {
  if (change === null) return { name, configOperation: 1, value: null }
  if (typeof change !== 'object') return { name, configOperation: 0, value: textOf(change) }
  if ('append' in change) return { name, configOperation: 2, value: textOf(change.append) }
  return { name, configOperation: 3, value: textOf(change.subtract) }
}

/** What has configs of its own, of these types or of all. */
export function listConfigResources(
  core: ClientCore,
  types: readonly ConfigResourceType[] = [],
  options?: AdminCallOptions,
): Promise<ConfigResource[]> {
  const name = 'listing config resources'
  return settleOne(core, name, options, async ({ signal, remainingMs }) => {
    const sent = { signal, timeoutMs: remainingMs() }
    const body = { resourceTypes: types.map(type => resourceTypes[type]) }
    const response = await core.brokers.request('any', ListConfigResources, body, sent)
    const error = errorOf(response.errorCode, null, name)
    if (error !== undefined) throw error
    return response.configResources.flatMap(({ resourceName, resourceType }) => {
      const type = typeNames.get(resourceType as 2)
      return type === undefined ? [] : [{ type, name: resourceName }]
    })
  })
}

/** Each broker answers for itself alone; for the rest any will do, which is -1. */
function brokerOf({ type, name }: ConfigResource): number {
  const isOfBroker = type === 'broker' || type === 'broker-logger'
  return isOfBroker && /^\d+$/.test(name) ? Number(name) : -1
}

function targetOf(brokerId: number): Target {
  return brokerId === -1 ? 'any' : brokerId
}

/** Where the brokers are, when one of them is to be asked and is not known. */
async function learnBrokers(
  core: ClientCore,
  resources: readonly ConfigResource[],
  { signal }: { readonly signal: AbortSignal | undefined },
): Promise<void> {
  const ids = resources.map(brokerOf).filter(id => id >= 0)
  if (ids.some(id => !core.metadata.brokers.has(id))) await core.metadata.refresh(signal)
}

function isSame(
  result: { readonly resourceType: number; readonly resourceName: string },
  { type, name }: ConfigResource,
): boolean {
  return result.resourceType === resourceTypes[type] && result.resourceName === name
}

function textOfResource({ type, name }: ConfigResource): string {
  return name === '' ? `all ${type}s` : `${type} ${name}`
}

function topicOf({ type, name }: ConfigResource): { topic?: string } {
  return type === 'topic' ? { topic: name } : {}
}
