// The first records of a new cluster.

import type { MetadataRecord } from '../records/records.ts'

/** Written by the first controller of a cluster whose metadata log is empty. */
export function bootstrapRecords(features: ReadonlyMap<string, number>): readonly MetadataRecord[] {
  return [...features.keys()]
    .sort()
    .map(name => ({ kind: 'featureLevel', name, level: features.get(name) ?? 0 }))
}
