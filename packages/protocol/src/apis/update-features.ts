// UpdateFeatures (key 57): requests and responses in every version.

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
 * Raises or lowers the finalized levels of cluster features (KIP-584).
 *
 * v1 adds upgradeType and validateOnly, replacing allowDowngrade (KIP-778), v2 answers with one
 * error for all (KIP-1022).
 */
export const UpdateFeatures = apiSchema({
  key: 57,
  name: 'UpdateFeatures',
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    timeoutMs: int32({ default: 60000 }),
    featureUpdates: array({
      feature: string(),
      /** 0 removes the feature. */
      maxVersionLevel: int16(),
      allowDowngrade: bool({ until: 0 }),
      /** 1 upgrade, 2 safe downgrade, 3 unsafe downgrade. */
      upgradeType: int8({ since: 1, default: 1 }),
    }),
    validateOnly: bool({ since: 1 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullableString(),
    results: array(
      {
        feature: string(),
        errorCode: int16(),
        errorMessage: nullableString(),
      },
      { until: 1 },
    ),
  },
})

export interface UpdateFeaturesRequest extends Message<typeof UpdateFeatures.request> {}
export interface UpdateFeaturesResponse extends Message<typeof UpdateFeatures.response> {}
