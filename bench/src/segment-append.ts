// Appending to logs on the segment store against appending the same bytes to one plain file, both
// in groups and with the same promise: in the page cache ('os'), or flushed ('fsync').

import { Buffer } from 'node:buffer'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@klamm/base'
import { silentLogger } from '@klamm/base/env'
import { openLmdbEngine, openSegmentStore } from '@klamm/broker'
import { BatchBuilder, patchBatchStart } from '@klamm/protocol'
import type { Comparison, Variant } from './compare.ts'

type Durability = 'os' | 'fsync'
type Store = Awaited<ReturnType<typeof openSegmentStore>>

/** Appended by one run, in batches of this size. */
const runBytes = 16 * 1024 * 1024
const batchBytes = 16 * 1024
/** What a group commit takes, and how much may wait for one, in both variants. */
const groupBytes = 1024 * 1024
const maxQueuedBytes = 4 * 1024 * 1024

export async function comparisons(): Promise<Comparison[]> {
  const all: Comparison[] = []
  for (const durability of ['os', 'fsync'] as const) all.push(await comparison(durability))
  return all
}

async function comparison(durability: Durability): Promise<Comparison> {
  const directory = await mkdtemp(join(tmpdir(), 'klamm-bench-'))
  const file = await open(join(directory, 'plain'), 'w')
  const engine = openLmdbEngine({ directory: join(directory, 'store'), durability })
  const store = await openSegmentStore(engine, {
    log: silentLogger,
    onFailure: error => {
      throw error
    },
  })
  return {
    name: `append 16 MiB in batches of 16 KiB, ${durability}`,
    variants: [
      plainFile(file, durability),
      segmentStore(store, durability, 1),
      segmentStore(store, durability, 64),
    ],
    async close() {
      await store.close()
      await engine.close()
      await file.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function plainFile(file: FileHandle, durability: Durability): Variant {
  const group = Array.from({ length: groupBytes / batchBytes }, oneBatch)
  return {
    name: 'plain file',
    async run() {
      await file.truncate(0)
      for (let position = 0; position < runBytes; position += groupBytes) {
        await file.writev(group, position)
        if (durability === 'fsync') await file.datasync()
      }
    },
  }
}

function segmentStore(store: Store, durability: Durability, partitionCount: number): Variant {
  const logs = Array.from({ length: partitionCount }, (_, index) =>
    store.log(`bench-${durability}-${partitionCount}-${index}`),
  )
  const batch = oneBatch()
  return {
    name: `segment store, ${partitionCount} partition${partitionCount === 1 ? '' : 's'}`,
    async run() {
      let next = 0
      for (let bytes = 0; bytes < runBytes; bytes += batch.length) {
        const log = logs[next++ % logs.length] as (typeof logs)[number]
        // A broker appends what it has just received: bytes of its own, stamped.
        const received = Buffer.from(batch)
        log.append(received, patchBatchStart(received, log.logEndOffset, 1))
        if (store.queuedBytes >= maxQueuedBytes) await log.whenDurable(log.logEndOffset)
      }
      await Promise.all(logs.map(log => log.whenDurable(log.logEndOffset)))
      // Retention: nothing of this run is wanted any more.
      await Promise.all(logs.map(log => log.setLogStartOffset(log.logEndOffset)))
    },
  }
}

function oneBatch(): Uint8Array {
  const builder = new BatchBuilder({ initialBytes: batchBytes })
  const value = seededRandom('segment').bytes(1000)
  while (builder.sizeInBytes < batchBytes - 1024) {
    builder.append({ key: null, value, timestamp: 1_700_000_000_000 })
  }
  const rest = new Uint8Array(batchBytes - builder.sizeInBytes - 10)
  builder.append({ key: null, value: rest, timestamp: 1_700_000_000_000 })
  return builder.build()
}
