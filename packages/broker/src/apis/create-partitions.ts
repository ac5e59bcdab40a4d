// CreatePartitions (37): adds partitions to topics; asked by admin clients, decided by the active
// controller. v2 flexible.

import {
  CreatePartitions,
  type CreatePartitionsRequest,
  type CreatePartitionsResponse,
  errorCodes,
} from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'controller'>

export const createPartitions = handler({
  schema: CreatePartitions,
  versions: [0, 3],
  runsOn: 'controller',
  isRepeatable: false,
  async handle(
    { controller }: Needs,
    _context,
    { topics, validateOnly }: CreatePartitionsRequest,
  ): Promise<CreatePartitionsResponse> {
    const more = topics.map(({ name, count, assignments }) => ({
      name,
      partitionCount: count,
      assignments: assignments?.map(({ brokerIds }) => brokerIds),
    }))
    const created = await controller.run((active, { random }) =>
      active.createPartitions({ topics: more, validateOnly }, random),
    )
    return {
      throttleTimeMs: 0,
      results: created.map(({ name, error, message }) => ({
        name,
        errorCode: errorCodes[error],
        errorMessage: message ?? null,
      })),
    }
  },
  refuse: ({ topics }, errorCode) => ({
    throttleTimeMs: 0,
    results: topics.map(({ name }) => ({ name, errorCode, errorMessage: null })),
  }),
})
