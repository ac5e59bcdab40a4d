// Random messages of every API and version come back as they were sent.

import { type Random, seededRandom } from '@klamm/base'
import { expect, test } from 'vitest'
import { apiSchemas } from './apis/index.ts'
import { ConsumerProtocolAssignment } from './consumer-protocol/assignment.ts'
import { ConsumerProtocolSubscription } from './consumer-protocol/subscription.ts'
import { GroupMetadataValue, OffsetCommitValue } from './coordinator-records.ts'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from './frame.ts'
import { peekRequestHeader } from './header.ts'
import type { ApiSchema, DataSchema } from './schema.ts'
import { randomMessage } from './testing/random-message.ts'
import { decodeVersioned, encodeVersioned } from './versioned.ts'

const messagesPerVersion = 12

function frameOf(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = Buffer.concat(chunks)
  expect(whole.readInt32BE(0)).toBe(whole.byteLength - 4)
  return new Uint8Array(whole.subarray(4))
}

function roundTrip(schema: ApiSchema, version: number, random: Random): void {
  const request = randomMessage(random, schema.request, version)
  const clientId = random.pick([null, '', 'client', 'Ключ'])
  const correlationId = random.u32() | 0
  const frame = frameOf(encodeRequest(schema, version, correlationId, clientId, request))
  const header = peekRequestHeader(frame)
  expect(header).toEqual({
    apiKey: schema.key,
    apiVersion: version,
    correlationId,
    clientId,
    bodyOffset: header.bodyOffset,
  })
  expect(decodeRequest(schema, version, frame, header.bodyOffset)).toEqual(request)

  const response = randomMessage(random, schema.response, version)
  const answer = frameOf(encodeResponse(schema, version, correlationId, response))
  expect(decodeResponse(schema, version, answer)).toEqual({ correlationId, body: response })
}

for (const schema of apiSchemas) {
  test(`${schema.name} comes back as it was sent, in every version`, () => {
    const random = seededRandom(schema.name)
    const [first, last] = schema.versions
    for (let version = first; version <= last; version++) {
      for (let i = 0; i < messagesPerVersion; i++) roundTrip(schema, version, random)
    }
  })
}

const dataSchemas: readonly DataSchema[] = [
  ConsumerProtocolSubscription,
  ConsumerProtocolAssignment,
  OffsetCommitValue,
  GroupMetadataValue,
]

for (const schema of dataSchemas) {
  test(`${schema.name} comes back as it was written, in every version`, () => {
    const random = seededRandom(schema.name)
    const [first, last] = schema.versions
    for (let version = first; version <= last; version++) {
      for (let i = 0; i < messagesPerVersion; i++) {
        const message = randomMessage(random, schema.fields, version)
        const bytes = encodeVersioned(schema, version, message)
        expect(decodeVersioned(schema, bytes, 'refuse')).toEqual(message)
      }
    }
  })
}

test('all messages of a table have one shape, whatever the version and the tags', () => {
  const random = seededRandom('shape')
  for (const schema of apiSchemas) {
    const names = Object.keys(schema.response)
    const [first, last] = schema.versions
    for (let version = first; version <= last; version++) {
      const sent = randomMessage(random, schema.response, version)
      const frame = frameOf(encodeResponse(schema, version, 1, sent))
      expect(Object.keys(decodeResponse(schema, version, frame).body)).toEqual(names)
    }
  }
})
