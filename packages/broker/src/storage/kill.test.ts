// A process that writes to a store is killed, again and again, and the store is opened by another.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '@klamm/base'
import { silentLogger } from '@klamm/base/env'
import { afterEach, expect, test } from 'vitest'
import { openLmdbEngine } from './lmdb-engine.ts'
import { openSegmentStore } from './segment-store.ts'
import { crashBatch, crashLogs } from './testing/crash-writer.ts'

const rounds = Number(process.env.KILL_ROUNDS ?? 2)
const writer = fileURLToPath(new URL('./testing/crash-writer.ts', import.meta.url))
const directories: string[] = []

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true })
})

for (const durability of ['fsync', 'os'] as const) {
  test(`a killed writer loses nothing that was durable (${durability})`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'klamm-kill-'))
    directories.push(directory)
    const random = seededRandom(durability)
    for (let round = 0; round < rounds; round++) {
      const durable = await writeAndKill(directory, durability, 50 + random.below(400))
      await check(directory, durability, durable)
    }
  }, 60_000)
}

/** Runs the writer until it has reported so many times. Gives the durable ends it reported. */
async function writeAndKill(
  directory: string,
  durability: string,
  reports: number,
): Promise<ReadonlyMap<string, number>> {
  const child = spawn(process.execPath, [writer, directory, durability], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const durable = new Map<string, number>()
  let lines = 0
  for await (const line of createInterface(child.stdout)) {
    const [id = '', end] = line.split(' ')
    durable.set(id, Number(end))
    lines += 1
    if (lines === reports) child.kill('SIGKILL')
  }
  await exited
  expect(lines).toBeGreaterThanOrEqual(reports)
  return durable
}

async function check(
  directory: string,
  durability: 'fsync' | 'os',
  durable: ReadonlyMap<string, number>,
): Promise<void> {
  const engine = openLmdbEngine({ directory, durability })
  expect(engine.suspects).toEqual([])
  const store = await openSegmentStore(engine, {
    log: silentLogger,
    onFailure: error => {
      throw error
    },
  })
  expect(store.corruptLogs.size).toBe(0)
  for (const id of crashLogs) {
    const log = store.log(id)
    expect(log.logEndOffset).toBeGreaterThanOrEqual(durable.get(id) ?? 0)
    let offset = log.logStartOffset
    while (offset < log.logEndOffset) {
      const { chunks, nextOffset } = log.read(offset, 1_000_000, log.logEndOffset, true)
      let baseOffset = log.batchAt(offset)?.baseOffset ?? -1
      for (const chunk of chunks) {
        const { bytes, header } = crashBatch(id, baseOffset)
        expect(Buffer.compare(chunk, bytes)).toBe(0)
        baseOffset += header.lastOffsetDelta + 1
      }
      offset = nextOffset
    }
  }
  await store.close()
  await engine.close()
}
