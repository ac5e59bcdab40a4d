import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { shardPartition } from '../coordinator/shard/placement.ts'
import { findCoordinator } from './find-coordinator.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { metadataOf } from './testing/metadata.ts'

const offsets = { name: '__consumer_offsets', id: 'AAAAAAAAAAAAAAAAAAAABQ' }

function world(leaders: readonly number[] | undefined, fenced: readonly number[] = []) {
  const ensured: string[] = []
  const topics = leaders === undefined ? [] : [{ ...offsets, leaders }]
  const needs = {
    metadata: metadataOf(topics, fenced),
    topicsOnDemand: { ensure: (name: string) => void ensured.push(name) },
  }
  return { ensured, needs }
}

/** The one coordinator of an answer, wherever the version has it. */
async function find(needs: ReturnType<typeof world>['needs'], apiVersion: number, key: string) {
  const request = apiVersion >= 4 ? { coordinatorKeys: [key] } : { key }
  const response = await ask(findCoordinator, needs, { apiVersion }, request)
  const { nodeId, host, port, errorCode } =
    (apiVersion >= 4 ? response.coordinators[0] : response) ?? response
  return { nodeId, host, port, errorCode }
}

const nowhere = {
  nodeId: -1,
  host: '',
  port: -1,
  errorCode: errorCodes.COORDINATOR_NOT_AVAILABLE,
}

for (const apiVersion of versionsOf(findCoordinator)) {
  test(`in version ${apiVersion} a group is at the leader of its partition`, async () => {
    const { needs } = world([1, 2, 3])
    for (const key of ['a', 'b', 'c', 'd']) {
      const nodeId = 1 + shardPartition(key, 3)
      expect(await find(needs, apiVersion, key)).toEqual({
        nodeId,
        host: `broker-${nodeId}`,
        port: 9090 + nodeId,
        errorCode: errorCodes.NONE,
      })
    }
  })

  test(`in version ${apiVersion} the first question brings the topic into being`, async () => {
    const { ensured, needs } = world(undefined)
    expect(await find(needs, apiVersion, 'g')).toEqual(nowhere)
    expect(ensured).toEqual(['__consumer_offsets'])
  })
}

test('a partition without a leader, or whose leader is fenced, is for later', async () => {
  expect(await find(world([-1]).needs, 6, 'g')).toEqual(nowhere)
  expect(await find(world([2], [2]).needs, 6, 'g')).toEqual(nowhere)
})

test('several keys are answered in order, each by itself', async () => {
  const { needs } = world([1, -1])
  const coordinatorKeys = ['a', 'b', 'c']
  const response = await ask(findCoordinator, needs, { apiVersion: 4 }, { coordinatorKeys })
  const expected = coordinatorKeys.map(key => [key, shardPartition(key, 2) === 0 ? 1 : -1])
  expect(response.coordinators.map(({ key, nodeId }) => [key, nodeId])).toEqual(expected)
  expect(new Set(expected.map(([, nodeId]) => nodeId)).size).toBe(2)
})

test('coordinators of other kinds are not known here', async () => {
  const { ensured, needs } = world([1])
  for (const keyType of [1, 2, 9]) {
    const request = { keyType, coordinatorKeys: ['x'] }
    const response = await ask(findCoordinator, needs, { apiVersion: 6 }, request)
    expect(response.coordinators[0]?.errorCode).toBe(errorCodes.INVALID_REQUEST)
  }
  expect(ensured).toEqual([])
})
