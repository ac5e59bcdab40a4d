// The child process of crash tests: appends to a segment store on LMDB until it is killed, and says
// on stdout what became durable: one line `log end` each time. What it appends is a function of log
// and offset, so whoever reads the store afterwards knows what must be there.

import { pathToFileURL } from 'node:url'
import { silentLogger } from '@klamm/base/env'
import { openLmdbEngine } from '../lmdb-engine.ts'
import { openSegmentStore, type PartitionLog } from '../segment-store.ts'
import { type MadeBatch, makeBatch } from './batches.ts'

export const crashLogs = ['log-0', 'log-1', 'log-2']
export const crashSegmentBytes = 2 * 1024 * 1024

/** The batch that begins at an offset of a log. */
export function crashBatch(id: string, baseOffset: number): MadeBatch {
  const isLarge = baseOffset % 20 === 7
  return makeBatch({
    baseOffset,
    count: 1 + (baseOffset % 3),
    sizeBytes: 61 + ((baseOffset * 7919) % (isLarge ? 60_000 : 1_000)),
    seed: crashLogs.indexOf(id),
  })
}

async function write(directory: string, durability: 'fsync' | 'os'): Promise<void> {
  const engine = openLmdbEngine({ directory, durability })
  const store = await openSegmentStore(engine, {
    log: silentLogger,
    segmentBytes: crashSegmentBytes,
    cacheBytes: 0,
    onFailure: error => {
      throw error
    },
  })
  const logs = crashLogs.map(id => store.log(id))
  for (const log of logs) log.onDurable = end => process.stdout.write(`${log.id} ${end}\n`)
  for (let round = 0; ; round++) {
    for (const log of logs) append(log)
    // Retention: old segments go while new ones are written.
    if (round % 50 === 0) for (const log of logs) advance(log)
    while (store.queuedBytes > 500_000) await logs[0]?.whenDurable(logs[0].logEndOffset)
    if (round % 10 === 0) await new Promise<void>(resolve => setImmediate(resolve))
  }
}

function append(log: PartitionLog): void {
  const { bytes, header } = crashBatch(log.id, log.logEndOffset)
  log.append(bytes, header)
}

function advance(log: PartitionLog): void {
  const offset = log.durableEndOffset - 2000
  if (offset > log.logStartOffset) log.setLogStartOffset(offset)
}

const [, script, directory, durability] = process.argv
if (script !== undefined && import.meta.url === pathToFileURL(script).href) {
  await write(directory ?? '', durability === 'os' ? 'os' : 'fsync')
}
