// Requests that other brokers pass on.

import { DecodeError, errorCodes, KafkaError } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { envelope } from './envelope.ts'
import { ask } from './testing/ask.ts'

const request = { requestData: Uint8Array.of(1, 2), clientHostAddress: new Uint8Array(4) }

function asked(answerEnvelope: () => Promise<Uint8Array>) {
  return ask(envelope, { answerEnvelope }, { apiVersion: 0 }, request)
}

test('the answer is passed back as it is', async () => {
  const answer = await asked(() => Promise.resolve(Uint8Array.of(3)))
  expect(answer.errorCode).toBe(0)
  expect(answer.responseData).toEqual(Uint8Array.of(3))
})

test.each([
  ['a broker that is not the controller', new KafkaError('NOT_CONTROLLER'), 'NOT_CONTROLLER'],
  ['garbage of a client', new DecodeError('cut off'), 'INVALID_REQUEST'],
] as const)('%s is an answer, not the end of the connection', async (_what, failure, error) => {
  const answer = await asked(() => Promise.reject(failure))
  expect(answer).toEqual({ responseData: null, errorCode: errorCodes[error] })
})

test('a bug is a bug', async () => {
  await expect(asked(() => Promise.reject(new TypeError('of undefined')))).rejects.toThrow(
    TypeError,
  )
})
