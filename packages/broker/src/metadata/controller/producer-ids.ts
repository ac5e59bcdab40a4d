// Blocks of producer ids for brokers (KIP-730). An id is never handed out twice, also by another
// controller: where the next block starts is in the metadata.

import type { ControllerState } from './state.ts'
import type { AllocateProducerIdsReply, Outcome } from './types.ts'

export function allocateProducerIds(
  { image, options }: ControllerState,
  brokerId: number,
  brokerEpoch: number,
): Outcome<AllocateProducerIdsReply> {
  if (image.cluster.broker(brokerId)?.epoch !== brokerEpoch) {
    const reply = { error: 'STALE_BROKER_EPOCH', producerIdStart: 0, producerIdCount: 0 } as const
    return { records: [], reply }
  }
  const producerIdStart = image.producerIds.nextProducerId
  const producerIdCount = options.producerIdBlockSize
  const nextProducerId = producerIdStart + producerIdCount
  if (!Number.isSafeInteger(nextProducerId)) {
    const reply = { error: 'UNKNOWN_SERVER_ERROR', producerIdStart: 0, producerIdCount: 0 } as const
    return { records: [], reply }
  }
  return {
    records: [{ kind: 'producerIds', brokerId, brokerEpoch, nextProducerId }],
    reply: { error: 'NONE', producerIdStart, producerIdCount },
  }
}
