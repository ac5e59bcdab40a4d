// The groups whose coordinator is here: clients ask every broker. v1 throttle time, v3 flexible, v4
// states and a filter by them (KIP-518), v5 types and a filter by them (KIP-848).

import {
  errorCodes,
  ListGroups,
  type ListGroupsRequest,
  type ListGroupsResponse,
} from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'groups'>

export const listGroups = handler({
  schema: ListGroups,
  versions: [0, 5],
  async handle(
    { groups }: Needs,
    context,
    request: ListGroupsRequest,
  ): Promise<ListGroupsResponse> {
    const { statesFilter, typesFilter } = request
    const filter = { states: statesFilter, types: typesFilter }
    const listed = await groups.listGroups(filter, context.signal)
    return {
      throttleTimeMs: 0,
      errorCode: errorCodes.NONE,
      groups: listed.map(({ groupId, protocolType, state, type }) => ({
        groupId,
        protocolType,
        groupState: state,
        groupType: type,
      })),
    }
  },
  refuse: (_request, errorCode) => ({ throttleTimeMs: 0, errorCode, groups: [] }),
})
