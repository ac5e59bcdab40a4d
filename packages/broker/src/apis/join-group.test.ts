import { errorCodes, KafkaError } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { JoinReply, JoinRequest } from '../coordinator/groups/types.ts'
import { joinGroup } from './join-group.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { fakeGroups } from './testing/fake-groups.ts'

const reply: JoinReply = {
  error: 'NONE',
  memberId: 'a',
  generationId: 3,
  protocolType: 'consumer',
  protocolName: 'range',
  leader: 'a',
  skipAssignment: true,
  members: [{ memberId: 'a', groupInstanceId: 'i', metadata: new Uint8Array([1]) }],
}

const protocols = [{ name: 'range', metadata: new Uint8Array([1, 2]) }]

function coordinator(answer: JoinReply | KafkaError = reply) {
  const asked: JoinRequest[] = []
  const groups = fakeGroups({
    async joinGroup(request) {
      asked.push(request)
      if (answer instanceof KafkaError) throw answer
      return answer
    },
  })
  return { asked, needs: { groups } }
}

for (const apiVersion of versionsOf(joinGroup)) {
  test(`version ${apiVersion} is passed on and answered`, async () => {
    const { asked, needs } = coordinator()
    const request = { groupId: 'g', memberId: 'a', sessionTimeoutMs: 9, rebalanceTimeoutMs: 8 }
    const response = await ask(joinGroup, needs, { apiVersion }, { ...request, protocols })
    expect(asked[0]).toMatchObject({
      groupId: 'g',
      memberId: 'a',
      sessionTimeoutMs: 9,
      rebalanceTimeoutMs: apiVersion >= 1 ? 8 : -1,
      groupInstanceId: undefined,
      protocols,
      requiresKnownMemberId: apiVersion >= 4,
      supportsSkippingAssignment: apiVersion >= 9,
    })
    expect(response).toMatchObject({
      errorCode: 0,
      generationId: 3,
      protocolType: apiVersion >= 7 ? 'consumer' : null,
      protocolName: 'range',
      leader: 'a',
      memberId: 'a',
      skipAssignment: apiVersion >= 9,
      members: [{ memberId: 'a', groupInstanceId: apiVersion >= 5 ? 'i' : null }],
    })
  })

  test(`in version ${apiVersion} an error leaves nothing half said`, async () => {
    for (const answer of [
      { ...reply, error: 'MEMBER_ID_REQUIRED' as const, ...nothingSaid },
      new KafkaError('NOT_COORDINATOR', 'elsewhere'),
    ]) {
      const { needs } = coordinator(answer)
      const response = await ask(joinGroup, needs, { apiVersion }, { groupId: 'g', protocols })
      const isRefused = answer instanceof KafkaError
      const error = isRefused ? answer.errorName : answer.error
      expect(response).toMatchObject({
        errorCode: errorCodes[error],
        generationId: -1,
        // Null is not known before version 7.
        protocolName: apiVersion >= 7 ? null : '',
        leader: '',
        memberId: isRefused ? '' : 'a',
        members: [],
      })
    }
  })
}

const nothingSaid = {
  generationId: -1,
  protocolType: undefined,
  protocolName: undefined,
  leader: '',
  skipAssignment: false,
  members: [],
}

test('the member is described by its client id and address', async () => {
  const { asked, needs } = coordinator()
  const hosts = ['10.0.0.7:51234', '[::1]:51234', 'in-process']
  for (const remoteAddress of hosts) {
    await ask(joinGroup, needs, { apiVersion: 9, clientId: 'c', remoteAddress }, { groupId: 'g' })
  }
  await ask(joinGroup, needs, { apiVersion: 9, clientId: null }, { groupId: 'g' })
  expect(asked.map(({ clientId, clientHost }) => [clientId, clientHost])).toEqual([
    ['c', '/10.0.0.7'],
    ['c', '/[::1]'],
    ['c', '/in-process'],
    ['', '/127.0.0.1'],
  ])
})

test('what a group keeps is its own, not a view of the frame', async () => {
  const { asked, needs } = coordinator()
  await ask(joinGroup, needs, { apiVersion: 9 }, { groupId: 'g', protocols })
  expect(asked[0]?.protocols[0]?.metadata.buffer.byteLength).toBe(2)
})
