// Deletes groups without members, with everything they have committed. v1 throttle time, v2
// flexible.

import {
  DeleteGroups,
  type DeleteGroupsRequest,
  type DeleteGroupsResponse,
  errorCodes,
} from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'groups'>

export const deleteGroups = handler({
  schema: DeleteGroups,
  versions: [0, 2],
  async handle(
    { groups }: Needs,
    context,
    request: DeleteGroupsRequest,
  ): Promise<DeleteGroupsResponse> {
    // Named twice, a group is deleted once and answered once: results are keyed by group.
    const groupIds = [...new Set(request.groupsNames)]
    const deleted = await groups.deleteGroups(groupIds, context.signal)
    const results = deleted.map(({ groupId, error }) => ({
      groupId,
      errorCode: errorCodes[error],
    }))
    return { throttleTimeMs: 0, results }
  },
  refuse: (request, errorCode) => ({
    throttleTimeMs: 0,
    results: [...new Set(request.groupsNames)].map(groupId => ({
      groupId,
      errorCode,
    })),
  }),
})
