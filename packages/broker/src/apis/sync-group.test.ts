import { errorCodes, KafkaError } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { SyncRequest } from '../coordinator/groups/types.ts'
import { syncGroup } from './sync-group.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { fakeGroups } from './testing/fake-groups.ts'

const request = {
  groupId: 'g',
  generationId: 4,
  memberId: 'a',
  protocolType: 'consumer',
  protocolName: 'range',
  assignments: [{ memberId: 'b', assignment: new Uint8Array([5]) }],
}

function coordinator() {
  const asked: SyncRequest[] = []
  const groups = fakeGroups({
    async syncGroup(sync) {
      asked.push(sync)
      return {
        error: 'NONE',
        protocolType: 'consumer',
        protocolName: 'range',
        assignment: new Uint8Array([6]),
      }
    },
  })
  return { asked, needs: { groups } }
}

for (const apiVersion of versionsOf(syncGroup)) {
  test(`version ${apiVersion} is passed on and answered`, async () => {
    const { asked, needs } = coordinator()
    const response = await ask(syncGroup, needs, { apiVersion }, request)
    expect(asked[0]).toEqual({
      groupId: 'g',
      generationId: 4,
      memberId: 'a',
      groupInstanceId: undefined,
      protocolType: apiVersion >= 5 ? 'consumer' : undefined,
      protocolName: apiVersion >= 5 ? 'range' : undefined,
      assignments: request.assignments,
    })
    expect(asked[0]?.assignments[0]?.assignment.buffer.byteLength).toBe(1)
    expect(response).toMatchObject({
      errorCode: 0,
      protocolName: apiVersion >= 5 ? 'range' : null,
    })
    expect([...response.assignment]).toEqual([6])
  })

  test(`in version ${apiVersion} a refusal has no assignment`, async () => {
    const groups = fakeGroups({
      syncGroup: () => Promise.reject(new KafkaError('NOT_COORDINATOR', 'elsewhere')),
    })
    const response = await ask(syncGroup, { groups }, { apiVersion }, request)
    expect(response.errorCode).toBe(errorCodes.NOT_COORDINATOR)
    expect(response.assignment).toHaveLength(0)
  })
}

test('from version 5 on the protocol must be said, and its being wrong is not asked further', async () => {
  const needs = { groups: fakeGroups({}) }
  for (const missing of [{ protocolType: null }, { protocolName: null }]) {
    const response = await ask(syncGroup, needs, { apiVersion: 5 }, { ...request, ...missing })
    expect(response.errorCode).toBe(errorCodes.INCONSISTENT_GROUP_PROTOCOL)
  }
})
