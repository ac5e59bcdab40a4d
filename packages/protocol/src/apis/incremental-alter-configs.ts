// IncrementalAlterConfigs (key 44): requests and responses in every version.

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

/** Changes single dynamic configs of resources (KIP-339). v1 is flexible (KIP-482). */
export const IncrementalAlterConfigs = apiSchema({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexibleSince: 1,
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        /** 0 set, 1 delete, 2 append, 3 subtract. */
        configOperation: int8(),
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

export interface IncrementalAlterConfigsRequest
  extends Message<typeof IncrementalAlterConfigs.request> {}
export interface IncrementalAlterConfigsResponse
  extends Message<typeof IncrementalAlterConfigs.response> {}
