// Bytes of a peer that is no broker, or a broken one: never more than a lost connection.

import { type Random, seededRandom } from '@klamm/base'
import { Metadata } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { openCore } from '../core.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'

const body = {
  topics: null,
  allowAutoTopicCreation: false,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
}

/** A frame that claims to answer request 0, or anything at all. */
function nonsense(random: Random): Uint8Array {
  const bytes = random.bytes(4 + random.below(64))
  if (random.chance(0.3)) return bytes
  const view = new DataView(bytes.buffer)
  view.setInt32(0, bytes.length - 4)
  if (bytes.length >= 8) view.setInt32(4, 0)
  return bytes
}

test('whatever comes instead of an answer is an error of the request', async () => {
  await using fake = new FakeCluster({ brokers: 1 })
  const random = seededRandom(7)
  const { network } = fake.world.node('other').start()
  await network.listen({ kind: 'tcp', host: 'other', port: 1 }, stream => {
    stream.handle({
      onData: () => {
        stream.write([nonsense(random)])
        stream.end()
      },
      onClose() {},
    })
  })
  const codes = new Set<string>()
  for (let i = 0; i < 300; i++) {
    await using core = openCore(fake.options({ brokers: 'other:1' }))
    const error = await fake.rejection(core.brokers.request('any', Metadata, body))
    codes.add(error.code)
  }
  expect([...codes].sort()).toEqual(['ERR_CONNECTION', 'ERR_PROTOCOL'])
})
