import { errorCodes, KafkaError } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { HeartbeatRequest } from '../coordinator/groups/types.ts'
import { heartbeat } from './heartbeat.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { fakeGroups } from './testing/fake-groups.ts'

for (const apiVersion of versionsOf(heartbeat)) {
  test(`version ${apiVersion} is passed on and answered`, async () => {
    const asked: HeartbeatRequest[] = []
    const groups = fakeGroups({
      async heartbeat(request) {
        asked.push(request)
        return 'REBALANCE_IN_PROGRESS'
      },
    })
    const groupInstanceId = apiVersion >= 3 ? 'i' : null
    const request = { groupId: 'g', generationId: 4, memberId: 'a', groupInstanceId }
    const response = await ask(heartbeat, { groups }, { apiVersion }, request)
    expect(asked).toEqual([{ ...request, groupInstanceId: groupInstanceId ?? undefined }])
    expect(response.errorCode).toBe(errorCodes.REBALANCE_IN_PROGRESS)
  })

  test(`in version ${apiVersion} a refusal is the error`, async () => {
    const groups = fakeGroups({
      heartbeat: () => Promise.reject(new KafkaError('NOT_COORDINATOR', 'elsewhere')),
    })
    const response = await ask(heartbeat, { groups }, { apiVersion }, { groupId: 'g' })
    expect(response.errorCode).toBe(errorCodes.NOT_COORDINATOR)
  })
}

test('a client that goes away takes its request with it', async () => {
  const gone = new AbortController()
  const groups = fakeGroups({ heartbeat: (_request, signal) => Promise.reject(signal.reason) })
  gone.abort(new Error('gone'))
  const options = { apiVersion: 4, signal: gone.signal }
  await expect(ask(heartbeat, { groups }, options, { groupId: 'g' })).rejects.toThrow('gone')
})
