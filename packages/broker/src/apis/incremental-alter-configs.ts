// IncrementalAlterConfigs (44, KIP-339): sets, deletes, and extends or shortens lists, for topics,
// brokers and groups; decided by the active controller. Loggers are not offered.

import {
  errorCodes,
  IncrementalAlterConfigs,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
} from '@klamm/protocol'
import type { ConfigChange, ItemResult, ResourceChange } from '../metadata/index.ts'
import type { BrokerServices } from '../services.ts'
import { configOperations, configResourceTypes } from './config-codes.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'controller'>
type Resource = IncrementalAlterConfigsRequest['resources'][number]

export const incrementalAlterConfigs = handler({
  schema: IncrementalAlterConfigs,
  versions: [0, 1],
  runsOn: 'controller',
  async handle(
    { controller }: Needs,
    _context,
    { resources, validateOnly }: IncrementalAlterConfigsRequest,
  ): Promise<IncrementalAlterConfigsResponse> {
    const translated = resources.map(changeOf)
    const changes = translated.filter(change => change !== undefined)
    const altered = await controller.run(active =>
      active.incrementalAlterConfigs(changes, validateOnly),
    )
    const results = altered.values()
    const responses = resources.map((resource, index) => {
      if (translated[index] === undefined) return answer(resource, notUnderstood)
      return answer(resource, results.next().value ?? notUnderstood)
    })
    return { throttleTimeMs: 0, responses }
  },
  refuse: ({ resources }, errorCode) => ({
    throttleTimeMs: 0,
    responses: resources.map(({ resourceType, resourceName }) => ({
      errorCode,
      errorMessage: null,
      resourceType,
      resourceName,
    })),
  }),
})

const notUnderstood: ItemResult = {
  error: 'INVALID_REQUEST',
  message: 'Unsupported resource type or operation.',
}

/** Undefined when it asks for something there is no word for. */
function changeOf({ resourceType, resourceName, configs }: Resource): ResourceChange | undefined {
  const type = configResourceTypes.get(resourceType)
  if (type === undefined) return undefined
  const changes: ConfigChange[] = []
  for (const { name, configOperation, value } of configs) {
    const operation = configOperations.get(configOperation)
    if (operation === undefined) return undefined
    changes.push({ name, operation, value: value ?? undefined })
  }
  return { type, name: resourceName, changes }
}

function answer(
  { resourceType, resourceName }: Resource,
  { error, message }: ItemResult,
): IncrementalAlterConfigsResponse['responses'][number] {
  return {
    errorCode: errorCodes[error],
    errorMessage: message ?? null,
    resourceType,
    resourceName,
  }
}
