import { errorCodes, KafkaError } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { deleteGroups } from './delete-groups.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { fakeGroups } from './testing/fake-groups.ts'

for (const apiVersion of versionsOf(deleteGroups)) {
  test(`version ${apiVersion} deletes each group once, with its own result`, async () => {
    const asked: (readonly string[])[] = []
    const groups = fakeGroups({
      async deleteGroups(groupIds) {
        asked.push(groupIds)
        return groupIds.map(groupId => ({
          groupId,
          error: groupId === 'busy' ? 'NON_EMPTY_GROUP' : 'NONE',
        }))
      },
    })
    const request = { groupsNames: ['g', 'busy', 'g'] }
    const response = await ask(deleteGroups, { groups }, { apiVersion }, request)
    expect(asked).toEqual([['g', 'busy']])
    expect(response.results).toMatchObject([
      { groupId: 'g', errorCode: errorCodes.NONE },
      { groupId: 'busy', errorCode: errorCodes.NON_EMPTY_GROUP },
    ])
  })

  test(`in version ${apiVersion} a refusal is the result of every group`, async () => {
    const groups = fakeGroups({
      deleteGroups: () => Promise.reject(new KafkaError('COORDINATOR_NOT_AVAILABLE', 'no')),
    })
    const request = { groupsNames: ['g', 'h'] }
    const response = await ask(deleteGroups, { groups }, { apiVersion }, request)
    const code = errorCodes.COORDINATOR_NOT_AVAILABLE
    expect(response.results).toMatchObject([
      { groupId: 'g', errorCode: code },
      { groupId: 'h', errorCode: code },
    ])
  })
}
