// Broker configs that exist only at run time: nobody starts a broker with them, and they are shown
// only when they are set.

import type { ConfigTable } from '../definition.ts'

const longestMax = '9223372036854775807'

export const throttleConfigs = {
  'follower.replication.throttled.rate': {
    type: 'long',
    default: longestMax,
    min: 0,
    update: 'clusterWide',
  },
  'leader.replication.throttled.rate': {
    type: 'long',
    default: longestMax,
    min: 0,
    update: 'clusterWide',
  },
  'replica.alter.log.dirs.io.max.bytes.per.second': {
    type: 'long',
    default: longestMax,
    min: 0,
    update: 'clusterWide',
  },
} as const satisfies ConfigTable
