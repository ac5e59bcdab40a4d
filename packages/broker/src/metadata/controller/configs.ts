// IncrementalAlterConfigs (KIP-339) and the older AlterConfigs.

import { listOf } from '../../config/definition.ts'
import type { MetadataImage } from '../image/image.ts'
import type { ConfigRecord, MetadataRecord } from '../records/records.ts'
import {
  configDefinition,
  problemWithConfigName,
  problemWithConfigValue,
  problemWithTopicConfigs,
} from './config-schema.ts'
import { recordsAfterMinIsrChange } from './min-isr.ts'
import { type ControllerState, layersOf, noError, refused } from './state.ts'
import { problemWithTopicName } from './topic-names.ts'
import type {
  AlteredResource,
  ConfigChange,
  ConfigResource,
  ItemResult,
  Outcome,
  ResourceChange,
  ResourceReplacement,
} from './types.ts'

/** What becomes of one resource: its values afterwards, or why nothing does. */
type NewValues =
  | { readonly kind: 'values'; readonly values: ReadonlyMap<string, string> }
  | { readonly kind: 'refused'; readonly result: ItemResult }

/** One result per resource, in order. Either all changes of a resource are made or none. */
export function incrementalAlterConfigs(
  state: ControllerState,
  resources: readonly ResourceChange[],
  validateOnly: boolean,
): Outcome<readonly AlteredResource[]> {
  return alter(state, resources, validateOnly, resource => changedValues(state, resource))
}

export function alterConfigs(
  state: ControllerState,
  resources: readonly ResourceReplacement[],
  validateOnly: boolean,
): Outcome<readonly AlteredResource[]> {
  return alter(state, resources, validateOnly, replacedValues)
}

function alter<R extends ConfigResource>(
  state: ControllerState,
  resources: readonly R[],
  validateOnly: boolean,
  valuesOf: (resource: R) => NewValues,
): Outcome<readonly AlteredResource[]> {
  const records: ConfigRecord[] = []
  const reply = resources.map((resource): AlteredResource => {
    const { type, name } = resource
    const isTwice = resources.filter(other => other.type === type && other.name === name).length > 1
    const problem = isTwice
      ? refused('INVALID_REQUEST', 'Each resource must appear at most once.')
      : problemWithResource(state, resource)
    if (problem !== undefined) return { type, name, ...problem }
    const next = valuesOf(resource)
    if (next.kind === 'refused') return { type, name, ...next.result }
    const conflict =
      type === 'topic' ? problemWithTopicConfigs(next.values, layersOf(state)) : undefined
    if (conflict !== undefined) return { type, name, ...conflict }
    for (const record of differences(state.image, resource, next.values)) records.push(record)
    return { type, name, ...noError }
  })
  if (validateOnly) return { records: [], reply }
  const all: MetadataRecord[] = [...records]
  for (const record of recordsAfterMinIsrChange(state, records)) all.push(record)
  return { records: all, reply }
}

function problemWithResource(
  { image }: ControllerState,
  { type, name }: ConfigResource,
): ItemResult | undefined {
  switch (type) {
    case 'topic':
      if (name === '') return refused('INVALID_REQUEST', 'Default topic resources are not allowed.')
      if (image.topics.byName(name) !== undefined) return undefined
      return problemWithTopicName(name) !== undefined
        ? refused('INVALID_TOPIC_EXCEPTION', `'${name}' is no name of a topic.`)
        : refused('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`)
    case 'broker':
      if (name === '') return undefined
      if (!/^\d{1,10}$/.test(name)) {
        return refused('INVALID_REQUEST', `Invalid broker name ${name}: it is no broker id.`)
      }
      if (image.cluster.broker(Number(name)) !== undefined && `${Number(name)}` === name) {
        return undefined
      }
      return refused('BROKER_ID_NOT_REGISTERED', `Broker ${name} is not registered.`)
    case 'group':
      if (name !== '') return undefined
      return refused('INVALID_REQUEST', 'Default group resources are not allowed.')
    case 'clientMetrics':
      return refused('INVALID_REQUEST', 'Client metrics are not offered.')
  }
}

function changedValues({ image }: ControllerState, resource: ResourceChange): NewValues {
  const values = new Map(image.configs.of(resource.type, resource.name))
  const seen = new Set<string>()
  for (const change of resource.changes) {
    if (seen.has(change.name)) {
      return refusal(refused('INVALID_REQUEST', 'Error due to duplicate config keys'))
    }
    seen.add(change.name)
    if (change.operation === 'delete') {
      values.delete(change.name)
      continue
    }
    const problem = applied(resource, change, values)
    if (problem !== undefined) return refusal(problem)
  }
  return { kind: 'values', values }
}

/** Makes the change in `values`, or says why it cannot be made. */
function applied(
  resource: ConfigResource,
  { name, operation, value }: ConfigChange,
  values: Map<string, string>,
): ItemResult | undefined {
  if (value === undefined) return refused('INVALID_REQUEST', `Null value not supported: ${name}`)
  const problem = problemWithConfigName(resource, name)
  if (problem !== undefined) return problem
  let next = value
  if (operation === 'append' || operation === 'subtract') {
    const definition = configDefinition(resource.type, name)
    if (definition?.type !== 'list') {
      const message = `Can't ${operation.toUpperCase()} to key ${name} because its type is not LIST.`
      return refused('INVALID_CONFIG', message)
    }
    const present = listOf(values.get(name) ?? definition.default ?? '')
    const given = listOf(value)
    const kept = present.filter(element => !given.includes(element))
    next = (operation === 'subtract' ? kept : merged(present, given)).join(',')
  }
  values.set(name, next)
  return problemWithConfigValue(resource.type, name, next)
}

function merged(present: readonly string[], given: readonly string[]): string[] {
  return [...present, ...given.filter(element => !present.includes(element))]
}

function replacedValues(resource: ResourceReplacement): NewValues {
  const values = new Map<string, string>()
  for (const { name, value } of resource.configs) {
    if (values.has(name)) {
      return refusal(refused('INVALID_REQUEST', 'Error due to duplicate config keys'))
    }
    const change = { name, operation: 'set', value } as const
    const problem = applied(resource, change, values)
    if (problem !== undefined) return refusal(problem)
  }
  return { kind: 'values', values }
}

/** Records only for what is different afterwards. */
function differences(
  image: MetadataImage,
  { type, name: resourceName }: ConfigResource,
  values: ReadonlyMap<string, string>,
): ConfigRecord[] {
  const before = image.configs.of(type, resourceName)
  const names = [...new Set([...before.keys(), ...values.keys()])].sort()
  return names
    .filter(name => before.get(name) !== values.get(name))
    .map(name => ({
      kind: 'config',
      resourceType: type,
      resourceName,
      name,
      value: values.get(name),
    }))
}

function refusal(result: ItemResult): NewValues {
  return { kind: 'refused', result }
}
