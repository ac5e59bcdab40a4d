// Producer ids out of blocks of the controller (IDEM-5).

import { seededRandom } from '@klamm/base'
import { LocalNetwork, silentLogger } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { ControllerChannel } from '../network/controller-channel.ts'
import { PeerChannels } from '../network/peer-channels.ts'
import { ProducerIds } from './producer-ids.ts'

const blockSize = 3
const { signal } = new AbortController()

/** The controller's blocks follow each other; `error` is what it answers instead of one. */
function producerIds(error: number = errorCodes.NONE) {
  const clock = new TestClock()
  const network = new LocalNetwork(clock)
  const peers = new PeerChannels({ network, clock, log: silentLogger, clientId: 'test' })
  let blockCount = 0
  const controller = new ControllerChannel({
    brokerId: 1,
    clock,
    random: seededRandom(1),
    peers,
    controllerId: () => 1,
    local: async () => {
      const producerIdStart = 1_000 + blockSize * blockCount
      blockCount += 1
      return {
        throttleTimeMs: 0,
        errorCode: error,
        producerIdStart,
        producerIdLen: blockSize,
      } as never
    },
  })
  const ids = new ProducerIds({ brokerId: 1, brokerEpoch: () => 7, clock, controller })
  return { ids, blocks: () => blockCount }
}

test('ids are given out one by one, and a new block is asked for when one is used up', async () => {
  const { ids, blocks } = producerIds()
  const given: number[] = []
  for (let i = 0; i < 7; i++) given.push(await ids.next(signal))
  expect(given).toEqual([1_000, 1_001, 1_002, 1_003, 1_004, 1_005, 1_006])
  expect(blocks()).toBe(3)
})

test('many who wait at once share one request, and nobody gets an id twice', async () => {
  const { ids, blocks } = producerIds()
  const given = await Promise.all(Array.from({ length: 5 }, () => ids.next(signal)))
  expect(new Set(given).size).toBe(5)
  expect(blocks()).toBe(2)
})

test('a refusal of the controller is one that clients try again after', async () => {
  const { ids } = producerIds(errorCodes.STALE_BROKER_EPOCH)
  await expect(ids.next(signal)).rejects.toMatchObject({
    errorName: 'COORDINATOR_LOAD_IN_PROGRESS',
  })
})
