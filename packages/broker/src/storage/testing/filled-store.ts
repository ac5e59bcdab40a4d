// A store with something in it, for the tests of recovery.

import { seededRandom } from '@klamm/base'
import { type StorageEngine, silentLogger } from '@klamm/base/env'
import { expect } from 'vitest'
import { openSegmentStore, type PartitionLog, type SegmentStore } from '../segment-store.ts'
import { makeBatch } from './batches.ts'
import type { CrashEngine } from './crash-engine.ts'

export interface OpenOptions {
  readonly segmentBytes?: number
  readonly minEndSequence?: number
}

export async function open(
  engine: StorageEngine,
  options: OpenOptions = {},
): Promise<SegmentStore> {
  return openSegmentStore(engine, {
    log: silentLogger,
    cacheBytes: 0,
    onFailure: error => {
      throw error
    },
    ...options,
  })
}

/** What a crash leaves when everything was durable. */
export function crashed(engine: CrashEngine): Promise<CrashEngine> {
  return engine.crash(seededRandom('crash'))
}

export function fill(log: PartitionLog, count: number, sizeBytes = 100): void {
  for (let i = 0; i < count; i++) {
    const { bytes, header } = makeBatch({ baseOffset: log.logEndOffset, count: 1, sizeBytes })
    log.append(bytes, header)
  }
}

/** Appends in many commits, so that segments fill up one after the other. */
export async function fillSegments(
  store: SegmentStore,
  logs: readonly PartitionLog[],
  rounds: number,
): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    for (const log of logs) fill(log, 3)
    for (const log of logs) await log.whenDurable(log.logEndOffset)
  }
  expect(store.queuedBytes).toBe(0)
}

export async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise<void>(resolve => setImmediate(resolve))
}

export type Contents = Map<
  string,
  { readonly start: number; readonly batches: readonly Uint8Array[] }
>

export async function contents(store: SegmentStore): Promise<Contents> {
  const found: Contents = new Map()
  for (const id of store.logIds().sort()) {
    const log = store.log(id)
    await log.whenDurable(log.logEndOffset)
    const { chunks, sizeBytes } = log.read(log.logStartOffset, 1e9, log.logEndOffset, true)
    expect(sizeBytes).toBe(log.sizeBytes)
    found.set(id, { start: log.logStartOffset, batches: chunks })
  }
  return found
}

/** Logs of all kinds: large and small batches, cut off, advanced, deleted. */
