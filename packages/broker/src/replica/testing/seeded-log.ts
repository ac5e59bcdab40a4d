// Random traffic of idempotent producers into one log, for tests of what is derived from it.

import type { Random } from '@klamm/base'
import { addToSequence } from '@klamm/protocol/batch-header'
import type { LoggedBatch, LoggedMarker } from '../batch.ts'

export type Entry =
  | { readonly kind: 'batch'; readonly batch: LoggedBatch }
  | { readonly kind: 'marker'; readonly marker: LoggedMarker }

/**
 * A log as leaders write it: sequences without gaps, epochs that rise now and then, transactions
 * that are committed or aborted under the next epoch, or stay open. Sequences begin close to where
 * they wrap.
 */
export function seededLog(random: Random, length: number): Entry[] {
  const producers = new Map<number, { epoch: number; next: number; isOpen: boolean }>()
  const log: Entry[] = []
  let offset = random.below(5)
  for (let i = 0; i < length; i++) {
    const producerId = 1 + random.below(4)
    const producer = producers.get(producerId) ?? { epoch: 0, next: 0x7ffffff0, isOpen: false }
    producers.set(producerId, producer)
    // Readers of a log see gaps where it was compacted.
    offset += random.chance(0.1) ? random.below(4) : 0
    if (producer.isOpen && random.chance(0.25)) {
      const marker = {
        producerId,
        producerEpoch: producer.epoch + 1,
        coordinatorEpoch: 1 + random.below(3),
        isCommit: random.chance(0.5),
        offset,
        timestamp: i,
      }
      log.push({ kind: 'marker', marker })
      producers.set(producerId, { epoch: producer.epoch + 1, next: 0, isOpen: false })
      offset += 1
      continue
    }
    if (!producer.isOpen && random.chance(0.05)) {
      producer.epoch += 1
      producer.next = 0
    }
    const isTransactional = producer.isOpen || (producerId > 2 && random.chance(0.5))
    const count = 1 + random.below(4)
    log.push({
      kind: 'batch',
      batch: {
        producerId,
        producerEpoch: producer.epoch,
        baseSequence: producer.next,
        baseOffset: offset,
        lastOffset: offset + count - 1,
        maxTimestamp: i,
        isTransactional,
      },
    })
    producer.next = addToSequence(producer.next, count)
    producer.isOpen = isTransactional
    offset += count
  }
  return log
}
