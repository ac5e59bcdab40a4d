// DescribeConfigs (key 32): requests and responses in every version.

import {
  apiSchema,
  array,
  bool,
  int8,
  int16,
  int32,
  type Message,
  nullableArray,
  nullableString,
  string,
} from '../schema.ts'

/**
 * Effective configs of topics, brokers and other resources.
 *
 * v1 adds synonyms and configSource (KIP-226), v2 throttles after the response is sent (KIP-219),
 * v3 adds configType and documentation (KIP-569), v4 is flexible (KIP-482).
 */
export const DescribeConfigs = apiSchema({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexibleSince: 4,
  request: {
    resources: array({
      /** 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group. */
      resourceType: int8(),
      resourceName: string(),
      /** Null for all. */
      configurationKeys: nullableArray(string()),
    }),
    includeSynonyms: bool({ since: 1 }),
    includeDocumentation: bool({ since: 3 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    results: array({
      errorCode: int16(),
      errorMessage: nullableString(),
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        /** Null when unset or sensitive. */
        value: nullableString(),
        readOnly: bool(),
        /**
         * 1 topic, 2 dynamic broker, 3 dynamic default broker, 4 static, 5 default, 6 broker
         * logger, 7 client metrics, 8 group.
         */
        configSource: int8({ since: 1, default: -1 }),
        isSensitive: bool(),
        synonyms: array(
          {
            name: string(),
            /** Null when unset or sensitive. */
            value: nullableString(),
            /** As configSource. */
            source: int8(),
          },
          { since: 1 },
        ),
        /** 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password. */
        configType: int8({ since: 3 }),
        documentation: nullableString({ since: 3 }),
      }),
    }),
  },
})

export interface DescribeConfigsRequest extends Message<typeof DescribeConfigs.request> {}
export interface DescribeConfigsResponse extends Message<typeof DescribeConfigs.response> {}
