// From frames to answers: unknown APIs and versions, kinds of failure, forwarding.

import { concatBytes, InvariantError } from '@klamm/base'
import { TimeoutError } from '@klamm/base/env'
import {
  AllocateProducerIds,
  type ApiSchema,
  ApiVersions,
  CreateTopics,
  DecodeError,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  errorCodes,
  Heartbeat,
  KafkaError,
  type RequestOf,
} from '@klamm/protocol'
import { expect, test, vi } from 'vitest'
import { advertised, apiVersionsAnswer } from '../apis/api-versions.ts'
import { CloseConnection, type Handler, handler, noResponse } from '../apis/handler.ts'
import type { Connection } from './connection.ts'
import { Dispatch, type DispatchOptions, raftMessageKey } from './dispatch.ts'

const heartbeatAnswer = { throttleTimeMs: 0, errorCode: 0 }

function heartbeat(handle: Handler<unknown, typeof Heartbeat>['handle']) {
  return handler({
    schema: Heartbeat,
    versions: [0, 4],
    handle,
    refuse: (_request, errorCode) => ({ throttleTimeMs: 0, errorCode }),
  })
}

const createTopics = handler({
  schema: CreateTopics,
  versions: [2, 7],
  runsOn: 'controller',
  handle: () => ({ throttleTimeMs: 7, topics: [] }),
  refuse: (_request, errorCode) => ({ throttleTimeMs: errorCode, topics: [] }),
})

const peersOnly = handler({
  schema: AllocateProducerIds,
  versions: [0, 0],
  runsOn: 'controller',
  askedBy: 'peer',
  handle: () => {
    throw new KafkaError('THROTTLING_QUOTA_EXCEEDED')
  },
  refuse: (_request, errorCode) => ({
    throttleTimeMs: 0,
    errorCode,
    producerIdStart: -1,
    producerIdLen: 0,
  }),
})

const versions = handler({
  schema: ApiVersions,
  versions: [0, 5],
  handle: () => apiVersionsAnswer(0, []),
  refuse: () => apiVersionsAnswer(0, []),
})

function dispatching(
  handlers: readonly Handler<unknown>[],
  options: Partial<DispatchOptions<unknown>> = {},
) {
  const onBug = vi.fn()
  const onPeerMessage = vi.fn()
  const dispatch = new Dispatch<unknown>({
    handlers,
    services: undefined,
    isController: () => true,
    forward: () => Promise.reject(new Error('not to be forwarded')),
    onPeerMessage,
    onBug,
    ...options,
  })
  return { dispatch, onBug, onPeerMessage }
}

function connectionOf(listener: 'client' | 'peer', abort = new AbortController()): Connection {
  return { listener, id: 1, remoteAddress: 'there', signal: abort.signal } as Connection
}

const client = connectionOf('client')
const peer = connectionOf('peer')

function frameOf<S extends ApiSchema>(
  schema: S,
  version: number,
  body: Partial<RequestOf<S>>,
): Uint8Array {
  const defaults = Object.entries(schema.request).map(([name, field]) => [name, field.default])
  const whole = { ...Object.fromEntries(defaults), ...body } as RequestOf<S>
  return concatBytes(encodeRequest(schema, version, 42, 'test', whole)).subarray(4)
}

const beat = frameOf(Heartbeat, 4, { groupId: 'g' })
const create = frameOf(CreateTopics, 7, {})

async function answerOf<S extends ApiSchema>(
  schema: S,
  version: number,
  answer: Promise<readonly Uint8Array[] | undefined>,
) {
  const frame = concatBytes((await answer) ?? []).subarray(4)
  return decodeResponse(schema, version, frame)
}

test('a request reaches its handler in its version and is answered under its id', async () => {
  const handle = vi.fn(() => heartbeatAnswer)
  const { dispatch } = dispatching([heartbeat(handle)])
  const answer = dispatch.answer(client, beat)
  expect(handle).toHaveBeenCalledOnce()
  expect(await answerOf(Heartbeat, 4, answer)).toEqual({
    correlationId: 42,
    body: heartbeatAnswer,
  })
  const [, context, request] = handle.mock.calls[0] as never[]
  expect(context).toMatchObject({ apiVersion: 4, clientId: 'test', correlationId: 42 })
  expect(request).toMatchObject({ groupId: 'g' })
})

test('ApiVersions in a version from the future is answered in version 0', async () => {
  const { dispatch } = dispatching([versions, heartbeat(() => heartbeatAnswer), peersOnly])
  const frame = frameOf(ApiVersions, 4, {})
  new DataView(frame.buffer, frame.byteOffset).setInt16(2, 99)
  const { correlationId, body } = await answerOf(ApiVersions, 0, dispatch.answer(client, frame))
  expect(correlationId).toBe(42)
  expect(body).toMatchObject({
    errorCode: errorCodes.UNSUPPORTED_VERSION,
    apiKeys: [
      { apiKey: 18, minVersion: 0, maxVersion: 5 },
      { apiKey: 12, minVersion: 0, maxVersion: 4 },
    ],
  })
})

test.each([
  ['an unknown key', 9_999, 0],
  ['a version that is not served', Heartbeat.key, 5],
  ['a raft message', raftMessageKey, 0],
])('%s closes the connection of a client', async (_what, key, version) => {
  const { dispatch, onBug, onPeerMessage } = dispatching([
    heartbeat(() => heartbeatAnswer),
    peersOnly,
  ])
  const frame = beat.slice()
  new DataView(frame.buffer).setInt16(0, key)
  new DataView(frame.buffer).setInt16(2, version)
  await expect(dispatch.answer(client, frame)).rejects.toThrow(DecodeError)
  expect(onBug).not.toHaveBeenCalled()
  expect(onPeerMessage).not.toHaveBeenCalled()
})

test('what only brokers may ask is unknown to clients', async () => {
  const { dispatch } = dispatching([peersOnly])
  const frame = frameOf(AllocateProducerIds, 0, {})
  await expect(dispatch.answer(client, frame)).rejects.toThrow('is not served')
})

test.each([[0], [3], [7]])('the first %i bytes of a request are none', async length => {
  const { dispatch, onBug } = dispatching([heartbeat(() => heartbeatAnswer)])
  await expect(dispatch.answer(client, beat.slice(0, length))).rejects.toThrow(DecodeError)
  await expect(dispatch.answer(peer, beat.slice(0, length))).rejects.toThrow(DecodeError)
  expect(onBug).not.toHaveBeenCalled()
})

test('a body that is cut off closes the connection and is no bug', async () => {
  const { dispatch, onBug } = dispatching([heartbeat(() => heartbeatAnswer)])
  await expect(dispatch.answer(client, beat.slice(0, -4))).rejects.toThrow(DecodeError)
  expect(onBug).not.toHaveBeenCalled()
})

test('raft messages of brokers are passed on and not answered', async () => {
  const { dispatch, onPeerMessage } = dispatching([])
  const frame = Uint8Array.of(raftMessageKey >> 8, raftMessageKey & 0xff, 1)
  await expect(dispatch.answer(peer, frame)).resolves.toBeUndefined()
  expect(onPeerMessage).toHaveBeenCalledExactlyOnceWith(frame)
})

test('a KafkaError is an answer', async () => {
  const refusing = heartbeat(() => Promise.reject(new KafkaError('NOT_COORDINATOR')))
  const { dispatch, onBug } = dispatching([refusing])
  const { body } = await answerOf(Heartbeat, 4, dispatch.answer(client, beat))
  expect(body.errorCode).toBe(errorCodes.NOT_COORDINATOR)
  expect(onBug).not.toHaveBeenCalled()
})

test('anything else that is thrown is a bug', async () => {
  const error = new TypeError('of undefined')
  const { dispatch, onBug } = dispatching([heartbeat(() => Promise.reject(error))])
  await expect(dispatch.answer(client, beat)).rejects.toBe(error)
  expect(onBug).toHaveBeenCalledExactlyOnceWith(error)
})

test('a handler may have the connection closed, which is no bug', async () => {
  const error = new CloseConnection('acks=0')
  const { dispatch, onBug } = dispatching([heartbeat(() => Promise.reject(error))])
  await expect(dispatch.answer(client, beat)).rejects.toBe(error)
  expect(onBug).not.toHaveBeenCalled()
})

test('once the client is gone failures are its consequence, but broken invariants are not', async () => {
  const abort = new AbortController()
  abort.abort(new Error('closed'))
  const gone = connectionOf('client', abort)
  const failing = (error: Error) => dispatching([heartbeat(() => Promise.reject(error))])
  const harmless = failing(new Error('closed'))
  await expect(harmless.dispatch.answer(gone, beat)).rejects.toThrow('closed')
  expect(harmless.onBug).not.toHaveBeenCalled()
  const broken = failing(new InvariantError('always true'))
  await expect(broken.dispatch.answer(gone, beat)).rejects.toThrow('always true')
  expect(broken.onBug).toHaveBeenCalledOnce()
})

test('a request without an answer has none', async () => {
  const { dispatch } = dispatching([heartbeat(() => noResponse)])
  await expect(dispatch.answer(client, beat)).resolves.toBeUndefined()
})

test('what belongs to the controller is forwarded as it came, unless it is here', async () => {
  const response = concatBytes(
    encodeResponse(CreateTopics, 7, 42, { throttleTimeMs: 9, topics: [] }),
  )
  const forward = vi.fn(() => Promise.resolve(response.subarray(4)))
  let isController = false
  const { dispatch } = dispatching([createTopics], { forward, isController: () => isController })
  const forwarded = await answerOf(CreateTopics, 7, dispatch.answer(client, create))
  expect(forwarded).toMatchObject({ correlationId: 42, body: { throttleTimeMs: 9 } })
  const handler = expect.objectContaining({ isRepeatable: true })
  expect(forward).toHaveBeenCalledExactlyOnceWith(create, expect.anything(), handler)
  isController = true
  const { body } = await answerOf(CreateTopics, 7, dispatch.answer(client, create))
  expect(body.throttleTimeMs).toBe(7)
  expect(forward).toHaveBeenCalledOnce()
})

test('what is no request is not forwarded', async () => {
  const forward = vi.fn()
  const { dispatch } = dispatching([createTopics], { forward, isController: () => false })
  await expect(dispatch.answer(client, create.slice(0, -3))).rejects.toThrow(DecodeError)
  expect(forward).not.toHaveBeenCalled()
})

test('a controller that does not answer is a refusal', async () => {
  const forward = () => Promise.reject(new KafkaError('REQUEST_TIMED_OUT'))
  const { dispatch } = dispatching([createTopics], { forward, isController: () => false })
  const { body } = await answerOf(CreateTopics, 7, dispatch.answer(client, create))
  expect(body.throttleTimeMs).toBe(errorCodes.REQUEST_TIMED_OUT)
  const late = () => Promise.reject(new TimeoutError('nobody expected this'))
  const other = dispatching([createTopics], { forward: late, isController: () => false })
  await expect(other.dispatch.answer(client, create)).rejects.toThrow(TimeoutError)
  expect(other.onBug).toHaveBeenCalledOnce()
})

test('a forwarded request is answered as a whole frame, under the id of the client', async () => {
  const { dispatch } = dispatching([createTopics, heartbeat(() => heartbeatAnswer)])
  const context = { signal: new AbortController().signal } as never
  const frame = await dispatch.answerForwarded(create, context)
  expect(decodeResponse(CreateTopics, 7, frame).correlationId).toBe(42)
  await expect(dispatch.answerForwarded(beat, context)).rejects.toMatchObject({
    errorName: 'INVALID_REQUEST',
  })
})

test('only the active controller answers what was forwarded', async () => {
  const { dispatch } = dispatching([createTopics], { isController: () => false })
  await expect(dispatch.answerForwarded(create, {} as never)).rejects.toMatchObject({
    errorName: 'NOT_CONTROLLER',
  })
})

test.each([
  [true, 'NOT_CONTROLLER'],
  [false, 'REQUEST_TIMED_OUT'],
] as const)(
  'a controller that resigned before the commit: repeatable %s, then it says %s',
  async (isRepeatable, errorName) => {
    const handle = () => Promise.reject(new KafkaError('REQUEST_TIMED_OUT'))
    const { dispatch } = dispatching([{ ...createTopics, isRepeatable, handle }])
    const { body } = await answerOf(CreateTopics, 7, dispatch.answer(client, create))
    expect(body.throttleTimeMs).toBe(errorCodes[errorName])
    const context = { signal: new AbortController().signal } as never
    const forwarded = dispatch.answerForwarded(create, context)
    // What may be repeated is asked of the next controller; else the client has its answer.
    if (isRepeatable) await expect(forwarded).rejects.toMatchObject({ errorName })
    else {
      const told = decodeResponse(CreateTopics, 7, await forwarded).body
      expect(told.throttleTimeMs).toBe(errorCodes[errorName])
    }
  },
)

test('a broker is refused by itself as by any other', async () => {
  const { dispatch } = dispatching([peersOnly])
  const { signal } = new AbortController()
  const own = await dispatch.call(AllocateProducerIds, 0, { brokerId: 1, brokerEpoch: 1 }, signal)
  expect(own.errorCode).toBe(errorCodes.THROTTLING_QUOTA_EXCEEDED)
  const frame = frameOf(AllocateProducerIds, 0, {})
  const { body } = await answerOf(AllocateProducerIds, 0, dispatch.answer(peer, frame))
  expect(body).toEqual(own)
})

test('Produce is advertised from 0, though it is served from 3', () => {
  const apiKeys = advertised([
    { schema: { key: 0 }, versions: [3, 13], askedBy: 'anyone' },
  ] as never)
  expect(apiKeys).toEqual([{ apiKey: 0, minVersion: 0, maxVersion: 13 }])
})
