// ListConfigResources (key 74): requests and responses in every version.

import { apiSchema, array, int8, int16, int32, type Message, string } from '../schema.ts'

/**
 * The resources that have dynamic configs.
 *
 * v0 lists client metrics subscriptions only (KIP-714), v1 any type (KIP-1142).
 */
export const ListConfigResources = apiSchema({
  key: 74,
  name: 'ListConfigResources',
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    /** Empty for all. */
    resourceTypes: array(int8(), { since: 1 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    errorCode: int16(),
    configResources: array({
      resourceName: string(),
      resourceType: int8({ since: 1, default: 16 }),
    }),
  },
})

export interface ListConfigResourcesRequest extends Message<typeof ListConfigResources.request> {}
export interface ListConfigResourcesResponse extends Message<typeof ListConfigResources.response> {}
