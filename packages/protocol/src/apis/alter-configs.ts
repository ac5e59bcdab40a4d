// AlterConfigs (key 33): requests and responses in every version.

import {
  apiSchema,
  array,
  bool,
  int8,
  int16,
  int32,
  type Message,
  nullableString,
  string,
} from '../schema.ts'

/**
 * Replaces all dynamic configs of resources (KIP-133); IncrementalAlterConfigs took its place.
 *
 * v1 throttles after the response is sent (KIP-219), v2 is flexible (KIP-482).
 */
export const AlterConfigs = apiSchema({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        /** Null for the default. */
        value: nullableString(),
      }),
    }),
    validateOnly: bool(),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    responses: array({
      errorCode: int16(),
      errorMessage: nullableString(),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
})

export interface AlterConfigsRequest extends Message<typeof AlterConfigs.request> {}
export interface AlterConfigsResponse extends Message<typeof AlterConfigs.response> {}
