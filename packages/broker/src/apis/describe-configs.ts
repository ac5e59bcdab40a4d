// DescribeConfigs (32): every config of topics, of the asked broker and of groups, with its source.
// v1 sources and synonyms (KIP-226), v3 types and documentation (KIP-569), v4 flexible. Loggers and
// client metrics are not offered.

import {
  DescribeConfigs,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
  type ErrorName,
  errorCodes,
} from '@klamm/protocol'
import {
  brokerDefaultEntries,
  brokerEntries,
  type ConfigEntry,
  groupEntries,
  topicEntries,
} from '../config/effective.ts'
import { brokerLayers, problemWithTopicName } from '../metadata/index.ts'
import type { BrokerServices } from '../services.ts'
import {
  commonConfigFields,
  configResourceTypes,
  configSourceCodes,
  configTypeCodes,
} from './config-codes.ts'
import { handler } from './handler.ts'
import { ownConfigs } from './own-configs.ts'

type Needs = Pick<BrokerServices, 'brokerId' | 'metadata' | 'staticConfigs'>
type Resource = DescribeConfigsRequest['resources'][number]
type Result = DescribeConfigsResponse['results'][number]

type Found =
  | { readonly kind: 'found'; readonly entries: readonly ConfigEntry[] }
  | { readonly kind: 'refused'; readonly error: ErrorName; readonly message: string }

export const describeConfigs = handler({
  schema: DescribeConfigs,
  versions: [1, 4],
  handle(needs: Needs, _context, request: DescribeConfigsRequest): DescribeConfigsResponse {
    const results = request.resources.map(resource => describe(needs, request, resource))
    return { throttleTimeMs: 0, results }
  },
  refuse: ({ resources }, errorCode) => ({
    throttleTimeMs: 0,
    results: resources.map(({ resourceType, resourceName }) => ({
      errorCode,
      errorMessage: null,
      resourceType,
      resourceName,
      configs: [],
    })),
  }),
})

function describe(needs: Needs, request: DescribeConfigsRequest, resource: Resource): Result {
  const { resourceType, resourceName, configurationKeys } = resource
  const found = find(needs, resource)
  if (found.kind === 'refused') {
    return {
      errorCode: errorCodes[found.error],
      errorMessage: found.message,
      resourceType,
      resourceName,
      configs: [],
    }
  }
  const isAll = configurationKeys === null || configurationKeys.length === 0
  const keys = new Set(configurationKeys)
  return {
    errorCode: errorCodes.NONE,
    errorMessage: null,
    resourceType,
    resourceName,
    configs: found.entries
      .filter(({ name }) => isAll || keys.has(name))
      .map(entry => configOf(entry, request)),
  }
}

function configOf(
  entry: ConfigEntry,
  { includeSynonyms, includeDocumentation }: DescribeConfigsRequest,
): Result['configs'][number] {
  return {
    ...commonConfigFields(entry),
    synonyms: includeSynonyms
      ? entry.synonyms.map(({ name, value, source }) => ({
          name,
          value,
          source: configSourceCodes[source],
        }))
      : [],
    configType: configTypeCodes[entry.type],
    documentation: includeDocumentation ? (entry.doc ?? null) : null,
  }
}

function find(needs: Needs, { resourceType, resourceName: name }: Resource): Found {
  const { brokerId, metadata, staticConfigs } = needs
  const { image } = metadata
  const layers = brokerLayers(image, brokerId, staticConfigs)
  switch (configResourceTypes.get(resourceType)) {
    case 'topic': {
      if (image.topics.byName(name) !== undefined) {
        return { kind: 'found', entries: topicEntries(image.configs.of('topic', name), layers) }
      }
      const problem = problemWithTopicName(name)
      if (problem !== undefined) return refused('INVALID_TOPIC_EXCEPTION', problem)
      return refused('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`)
    }
    case 'broker': {
      if (name === '') {
        return { kind: 'found', entries: brokerDefaultEntries(image.configs.of('broker', '')) }
      }
      if (name === `${brokerId}`) {
        const asStarted = new Map([...layers.static, ...ownConfigs(image, brokerId)])
        return { kind: 'found', entries: brokerEntries({ ...layers, static: asStarted }) }
      }
      // Only a broker itself knows what it was started with.
      const expected = `expected ${brokerId} or empty string, but received ${name}`
      return refused('INVALID_REQUEST', `Unexpected broker id, ${expected}`)
    }
    case 'group': {
      if (name === '') return refused('INVALID_REQUEST', 'Group name must not be empty')
      return { kind: 'found', entries: groupEntries(image.configs.of('group', name), layers) }
    }
    default:
      return refused('INVALID_REQUEST', `Unsupported resource type: ${resourceType}`)
  }
}

function refused(error: ErrorName, message: string): Found {
  return { kind: 'refused', error, message }
}
