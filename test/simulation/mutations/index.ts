// All bugs that the simulation of whole clusters must find by itself.

import { groupMutations } from './groups.ts'
import { inSyncMutations } from './in-sync.ts'
import type { Mutation } from './mutation.ts'
import { producerMutations } from './producers.ts'
import { replicationMutations } from './replication.ts'
import { storageMutations } from './storage.ts'

export const mutations: readonly Mutation[] = [
  ...replicationMutations,
  ...inSyncMutations,
  ...producerMutations,
  ...storageMutations,
  ...groupMutations,
]
