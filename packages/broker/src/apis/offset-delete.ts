// An administrator makes a group forget offsets, of topics that it does not consume (KIP-496).

import {
  errorCodes,
  OffsetDelete,
  type OffsetDeleteRequest,
  type OffsetDeleteResponse,
} from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'groups' | 'metadata'>

export const offsetDelete = handler({
  schema: OffsetDelete,
  versions: [0, 0],
  async handle(
    { groups, metadata }: Needs,
    context,
    request: OffsetDeleteRequest,
  ): Promise<OffsetDeleteResponse> {
    const { groupId } = request
    const topics = request.topics.map(({ name, partitions }) => {
      const existing = metadata.image.topics.byName(name)?.partitions
      const indexes = partitions.map(({ partitionIndex }) => partitionIndex)
      return { topic: name, partitions: indexes.filter(index => existing?.[index] !== undefined) }
    })
    const reply = await groups.deleteOffsets({ groupId, topics }, context.signal)
    if (reply.error !== 'NONE') return refused(errorCodes[reply.error])
    const answers = request.topics.map(({ name, partitions }, i) => {
      const results = new Map(
        reply.topics[i]?.partitions.map(({ partition, error }) => [partition, error]),
      )
      return {
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: errorCodes[results.get(partitionIndex) ?? 'UNKNOWN_TOPIC_OR_PARTITION'],
        })),
      }
    })
    return { errorCode: errorCodes.NONE, throttleTimeMs: 0, topics: answers }
  },
  refuse: (_request, errorCode) => refused(errorCode),
})

function refused(errorCode: number): OffsetDeleteResponse {
  return { errorCode, throttleTimeMs: 0, topics: [] }
}
