import { errorCodes, KafkaError } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { ListGroupsRequest } from '../coordinator/groups/types.ts'
import { listGroups } from './list-groups.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { fakeGroups } from './testing/fake-groups.ts'

for (const apiVersion of versionsOf(listGroups)) {
  test(`version ${apiVersion} lists groups by the filters it has`, async () => {
    const asked: ListGroupsRequest[] = []
    const groups = fakeGroups({
      async listGroups(request) {
        asked.push(request)
        return [{ groupId: 'g', protocolType: 'consumer', state: 'Stable', type: 'classic' }]
      },
    })
    const request = { statesFilter: ['Stable'], typesFilter: ['classic'] }
    const response = await ask(listGroups, { groups }, { apiVersion }, request)
    expect(asked).toEqual([
      {
        states: apiVersion >= 4 ? ['Stable'] : [],
        types: apiVersion >= 5 ? ['classic'] : [],
      },
    ])
    expect(response).toMatchObject({
      errorCode: errorCodes.NONE,
      groups: [
        {
          groupId: 'g',
          protocolType: 'consumer',
          groupState: apiVersion >= 4 ? 'Stable' : '',
          groupType: apiVersion >= 5 ? 'classic' : '',
        },
      ],
    })
  })

  test(`in version ${apiVersion} groups that are loading are an error of the whole`, async () => {
    const groups = fakeGroups({
      listGroups: () => Promise.reject(new KafkaError('COORDINATOR_LOAD_IN_PROGRESS', 'wait')),
    })
    const response = await ask(listGroups, { groups }, { apiVersion }, {})
    expect(response).toMatchObject({
      errorCode: errorCodes.COORDINATOR_LOAD_IN_PROGRESS,
      groups: [],
    })
  })
}
