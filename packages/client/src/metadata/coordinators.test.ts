// Who coordinates what.

import { errorCodes, FindCoordinator, type ResponseOf } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { openCore } from '../core.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'

function refusal(key: string, errorCode: number): ResponseOf<typeof FindCoordinator> {
  const answer = { errorCode, errorMessage: null, nodeId: -1, host: '', port: -1 }
  return { throttleTimeMs: 0, ...answer, coordinators: [{ key, ...answer }] }
}

test('a coordinator is asked for once, and again when it turned out to be another', async () => {
  await using fake = new FakeCluster()
  await using core = openCore(fake.options())
  fake.setCoordinator('g', 2)
  expect(await fake.settle(core.coordinators.find('group', 'g'))).toBe(2)
  fake.setCoordinator('g', 3)
  expect(await core.coordinators.find('group', 'g')).toBe(2)
  core.coordinators.forget('group', 'g')
  expect(await fake.settle(core.coordinators.find('group', 'g'))).toBe(3)
  expect(core.brokers.known.get(3)).toMatchObject({ host: 'broker-3' })
})

test.each([
  [4, 6, [['a', 'b', 'c']]],
  [0, 3, [['a'], ['b'], ['c']]],
] as const)('from version %d to %d keys travel as %j', async (first, last, expected) => {
  await using fake = new FakeCluster()
  fake.versions(FindCoordinator, [first, last])
  await using core = openCore(fake.options())
  for (const [i, key] of ['a', 'b', 'c'].entries()) fake.setCoordinator(key, i + 1)
  const found = ['a', 'b', 'c'].map(key => core.coordinators.find('transaction', key))
  expect(await fake.settle(Promise.all(found))).toEqual([1, 2, 3])
  const asked = fake
    .requests(FindCoordinator)
    .map(({ request, version }) => (version >= 4 ? request.coordinatorKeys : [request.key]))
  expect(asked).toEqual(expected)
})

test.each(['COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS'] as const)(
  '%s is waited through',
  async code => {
    await using fake = new FakeCluster()
    await using core = openCore(fake.options())
    fake.once(FindCoordinator, refusal('g', errorCodes[code]))
    fake.once(FindCoordinator, 'close')
    expect(await fake.settle(core.coordinators.find('group', 'g'))).toBe(1)
  },
)

test('what cannot be mended rejects at once', async () => {
  await using fake = new FakeCluster()
  await using core = openCore(fake.options())
  fake.once(FindCoordinator, refusal('g', errorCodes.GROUP_AUTHORIZATION_FAILED))
  const error = await fake.rejection(core.coordinators.find('group', 'g'))
  expect(error).toMatchObject({ code: 'GROUP_AUTHORIZATION_FAILED', retriable: false })
})

test('no coordinator within the time is told as such', async () => {
  await using fake = new FakeCluster()
  await using core = openCore(fake.options())
  fake.setCoordinator('g', -1)
  const error = await fake.rejection(core.coordinators.find('group', 'g', { timeoutMs: 3_000 }))
  expect(error.code).toBe('COORDINATOR_NOT_AVAILABLE')
  expect(fake.nowMs).toBeLessThan(3_100)
})
