import { errorCodes, KafkaError } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { DescribedGroup } from '../coordinator/groups/types.ts'
import { describeGroups } from './describe-groups.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { fakeGroups } from './testing/fake-groups.ts'

const stable: DescribedGroup = {
  groupId: 'g',
  error: 'NONE',
  state: 'Stable',
  protocolType: 'consumer',
  protocolName: 'range',
  members: [
    {
      memberId: 'a',
      groupInstanceId: 'i',
      clientId: 'c',
      clientHost: '/h',
      metadata: new Uint8Array([1]),
      assignment: new Uint8Array([2]),
    },
  ],
}

const none = { protocolType: '', protocolName: '', members: [] }

/** `g` is stable, `unknown` does not exist, anything else lives elsewhere. */
const groups = fakeGroups({
  async describeGroups(groupIds) {
    return groupIds.map((groupId): DescribedGroup => {
      if (groupId === 'g') return stable
      if (groupId === 'unknown') {
        return { groupId, error: 'GROUP_ID_NOT_FOUND', state: 'Dead', ...none }
      }
      return { groupId, error: 'NOT_COORDINATOR', state: '', ...none }
    })
  },
})

for (const apiVersion of versionsOf(describeGroups)) {
  test(`version ${apiVersion} describes each group, or says why not`, async () => {
    const request = { groups: ['g', 'unknown', 'elsewhere'] }
    const response = await ask(describeGroups, { groups }, { apiVersion }, request)
    const isNamed = apiVersion >= 6
    expect(response.groups).toMatchObject([
      {
        errorCode: errorCodes.NONE,
        groupId: 'g',
        groupState: 'Stable',
        protocolType: 'consumer',
        protocolData: 'range',
        members: [
          {
            memberId: 'a',
            groupInstanceId: apiVersion >= 4 ? 'i' : null,
            clientId: 'c',
            clientHost: '/h',
          },
        ],
      },
      {
        errorCode: isNamed ? errorCodes.GROUP_ID_NOT_FOUND : errorCodes.NONE,
        errorMessage: isNamed ? 'Group unknown not found.' : null,
        groupState: 'Dead',
      },
      { errorCode: errorCodes.NOT_COORDINATOR, groupState: '', members: [] },
    ])
    const [member] = response.groups[0]?.members ?? []
    expect([...(member?.memberMetadata ?? [])]).toEqual([1])
    expect([...(member?.memberAssignment ?? [])]).toEqual([2])
  })

  test(`in version ${apiVersion} a refusal is the error of every group`, async () => {
    const refusing = fakeGroups({
      describeGroups: () => Promise.reject(new KafkaError('COORDINATOR_NOT_AVAILABLE', 'no')),
    })
    const request = { groups: ['a', 'b'] }
    const response = await ask(describeGroups, { groups: refusing }, { apiVersion }, request)
    const code = errorCodes.COORDINATOR_NOT_AVAILABLE
    expect(response.groups).toMatchObject([
      { groupId: 'a', errorCode: code },
      { groupId: 'b', errorCode: code },
    ])
  })
}

test('what may be done to a group is said when asked for', async () => {
  const operations = async (includeAuthorizedOperations: boolean) => {
    const request = { groups: ['g', 'elsewhere'], includeAuthorizedOperations }
    const response = await ask(describeGroups, { groups }, { apiVersion: 6 }, request)
    return response.groups.map(({ authorizedOperations }) => authorizedOperations)
  }
  expect(await operations(false)).toEqual([-2_147_483_648, -2_147_483_648])
  // READ 3, DELETE 6, DESCRIBE 8, DESCRIBE_CONFIGS 10, ALTER_CONFIGS 11.
  expect(await operations(true)).toEqual([8 + 64 + 256 + 1024 + 2048, -2_147_483_648])
})
