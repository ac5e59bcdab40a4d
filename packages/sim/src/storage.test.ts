// The simulated disk against the contract, and what only it can do: crash by seed, fail, rot.

import type { StorageEngine } from '@klamm/base/env'
import { type StorageHarness, storageContract } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import type { DiskOptions } from './disk.ts'
import { SimWorld } from './world.ts'

function harness(disk: Partial<DiskOptions>): () => Promise<StorageHarness> {
  return async () => {
    const world = new SimWorld({ seed: 1, disk })
    const node = world.node('machine')
    const pump = world.scheduler.pump()
    return {
      async open(): Promise<StorageEngine> {
        node.stop()
        return node.start().storage
      },
      kill: async () => node.crash(),
      failFlushes: () => node.disk.failFlushes(),
      dispose: async () => pump[Symbol.dispose](),
    }
  }
}

const all = { canKill: true, canFailFlushes: true }
storageContract('the simulated disk', harness({}), all)
storageContract('the simulated disk with late visibility', harness({ maxVisibleMs: 2 }), all)
storageContract('the simulated disk without flushes', harness({ durability: 'os' }), {
  canKill: true,
})
storageContract('the simulated disk in memory', harness({ durability: 'memory' }))

test('is here', () => expect(1).toBe(1))
