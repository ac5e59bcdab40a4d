import { errorCodes, KafkaError } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { LeaveRequest } from '../coordinator/groups/types.ts'
import { leaveGroup } from './leave-group.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { fakeGroups } from './testing/fake-groups.ts'

/** Everybody may leave but `x`. */
function coordinator() {
  const asked: LeaveRequest[] = []
  const groups = fakeGroups({
    async leaveGroup(request) {
      asked.push(request)
      const members = request.members.map(member => ({
        ...member,
        error: member.memberId === 'x' ? ('UNKNOWN_MEMBER_ID' as const) : ('NONE' as const),
      }))
      return { members }
    },
  })
  return { asked, needs: { groups } }
}

for (const apiVersion of versionsOf(leaveGroup).filter(version => version < 3)) {
  test(`in version ${apiVersion} one member leaves, and its error is the request's`, async () => {
    const { asked, needs } = coordinator()
    const leave = (memberId: string) => {
      return ask(leaveGroup, needs, { apiVersion }, { groupId: 'g', memberId })
    }
    expect((await leave('a')).errorCode).toBe(errorCodes.NONE)
    expect((await leave('x')).errorCode).toBe(errorCodes.UNKNOWN_MEMBER_ID)
    expect(asked[0]).toEqual({
      groupId: 'g',
      members: [{ memberId: 'a', groupInstanceId: undefined }],
    })
  })
}

for (const apiVersion of versionsOf(leaveGroup).filter(version => version >= 3)) {
  test(`in version ${apiVersion} several members leave, each with its own error`, async () => {
    const { asked, needs } = coordinator()
    const members = [
      { memberId: 'x', groupInstanceId: null, reason: null },
      { memberId: '', groupInstanceId: 'i', reason: null },
    ]
    const response = await ask(leaveGroup, needs, { apiVersion }, { groupId: 'g', members })
    expect(asked[0]?.members).toEqual([
      { memberId: 'x', groupInstanceId: undefined },
      { memberId: '', groupInstanceId: 'i' },
    ])
    expect(response).toMatchObject({
      errorCode: errorCodes.NONE,
      members: [
        { memberId: 'x', groupInstanceId: null, errorCode: errorCodes.UNKNOWN_MEMBER_ID },
        { memberId: '', groupInstanceId: 'i', errorCode: errorCodes.NONE },
      ],
    })
  })
}

for (const apiVersion of versionsOf(leaveGroup)) {
  test(`in version ${apiVersion} a refusal is the error of the request`, async () => {
    const groups = fakeGroups({
      leaveGroup: () => Promise.reject(new KafkaError('NOT_COORDINATOR', 'elsewhere')),
    })
    const response = await ask(leaveGroup, { groups }, { apiVersion }, { groupId: 'g' })
    expect(response).toMatchObject({ errorCode: errorCodes.NOT_COORDINATOR, members: [] })
  })
}
