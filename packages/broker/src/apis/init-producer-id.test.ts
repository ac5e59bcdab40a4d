// InitProducerId in each version through its bytes.

import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { initProducerId } from './init-producer-id.ts'
import { ask, versionsOf } from './testing/ask.ts'

const services = { producerIds: { next: async () => 4711 } }
const plain = { transactionalId: null, producerId: -1, producerEpoch: -1 }

test.each(versionsOf(initProducerId))(
  'v%i gives an idempotent producer an id of its own',
  async apiVersion => {
    const answer = await ask(initProducerId, services, { apiVersion }, plain)
    expect(answer).toMatchObject({ errorCode: 0, producerId: 4711, producerEpoch: 0 })
  },
)

test('an idempotent producer may have any time-out for transactions, and any id it had', async () => {
  for (const transactionTimeoutMs of [0, -1, 2 ** 31 - 1]) {
    const request = { ...plain, producerId: 0, producerEpoch: 0, transactionTimeoutMs }
    const answer = await ask(initProducerId, services, { apiVersion: 5 }, request)
    expect(answer).toMatchObject({ errorCode: 0, producerId: 4711, producerEpoch: 0 })
  }
})

test.each([
  ['an id without an epoch', { producerId: 5 }, 'INVALID_REQUEST'],
  ['an epoch without an id', { producerEpoch: 5 }, 'INVALID_REQUEST'],
  ['a transactional id that is empty', { transactionalId: '' }, 'INVALID_REQUEST'],
  [
    'a transactional id, as long as there are no transactions',
    { transactionalId: 'payments' },
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  ],
] as const)('%s is refused', async (_what, changes, error) => {
  const answer = await ask(initProducerId, services, { apiVersion: 5 }, { ...plain, ...changes })
  expect(answer).toEqual({
    throttleTimeMs: 0,
    errorCode: errorCodes[error],
    producerId: -1,
    producerEpoch: -1,
  })
})
