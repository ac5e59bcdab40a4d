// Real record batches for a shard log in memory.

import { BatchBuilder } from '@klamm/protocol'
import type { BatchWriter } from './memory-shard-log.ts'

export const writeBatch: BatchWriter = (records, baseOffset) => {
  const builder = new BatchBuilder()
  for (const { key, value } of records) builder.append({ key, value, timestamp: 1 })
  return builder.build({ baseOffset })
}
