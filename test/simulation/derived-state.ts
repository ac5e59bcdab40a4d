// STO-4, IDEM-2: what a broker keeps in memory about a log is what the log says: where its leader
// epochs begin, and what each producer may send next.

import { epochCacheOf } from '../../packages/broker/src/replica/epoch-cache.ts'
import { ProducerStates } from '../../packages/broker/src/replica/producer-state.ts'
import { batchesOf, type Replica } from './log-reading.ts'
import { demand } from './violation.ts'

export function checkDerivedState(who: string, replica: Replica): void {
  const { log, topicName, partitionIndex } = replica
  const where = `${who}, ${topicName}-${partitionIndex}`
  const headers = [...batchesOf(replica, 0, log.logEndOffset)].map(({ header }) => header)
  demand('STO-4', log.epochs.equals(epochCacheOf(headers, log.logStartOffset)), () => {
    return `${where}: the epoch cache is not that of the log`
  })
  const producers = new ProducerStates({ producerIdExpirationMs: Number.MAX_SAFE_INTEGER })
  for (const header of headers) {
    if (header.producerId < 0) continue
    producers.applied(
      { ...header, lastOffset: header.baseOffset + header.lastOffsetDelta, isTransactional: false },
      0,
    )
  }
  demand('STO-4', producers.equals(log.producers), () => {
    return `${where}: the producers are not those of the log`
  })
}
