import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Durability, StorageEngine } from '@klamm/base/env'
import { type StorageHarness, storageContract } from '@klamm/base/testing'
import { openLmdbEngine } from './lmdb-engine.ts'
import { MemoryEngine } from './memory-engine.ts'

storageContract('the memory engine', async () => {
  const engines: StorageEngine[] = []
  return {
    async open() {
      const engine = new MemoryEngine()
      engines.push(engine)
      return engine
    },
    async dispose() {
      for (const engine of engines) await engine.close()
    },
  }
})

storageContract('LMDB with a flush per commit', () => lmdbHarness('fsync'))

storageContract('LMDB without flushes', () => lmdbHarness('os'))

async function lmdbHarness(durability: Exclude<Durability, 'memory'>): Promise<StorageHarness> {
  const directory = await mkdtemp(join(tmpdir(), 'klamm-contract-'))
  const engines: StorageEngine[] = []
  return {
    async open() {
      const engine = openLmdbEngine({ directory, durability })
      engines.push(engine)
      return engine
    },
    async dispose() {
      for (const engine of engines) await engine.close()
      await rm(directory, { recursive: true })
    },
  }
}
