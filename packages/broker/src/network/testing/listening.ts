// A listener whose requests are numbers, answered when the test says so.

import { LocalNetwork, silentLogger } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import type { Connection, ResponseChunks } from '../connection.ts'
import { BrokerListener, type BrokerListenerOptions } from '../listener.ts'
import { frameOf, RawClient } from './raw-client.ts'

const address = { kind: 'tcp', host: 'here', port: 1 } as const

interface Asked {
  readonly connection: Connection
  readonly request: number
  answer(chunks: ResponseChunks): void
  fail(error: Error): void
}

export async function listening(
  options: Partial<BrokerListenerOptions> = {},
  clock = new TestClock(),
) {
  const network = new LocalNetwork(clock)
  const asked: Asked[] = []
  let connections = 0
  const listener = await BrokerListener.open({
    kind: 'client',
    network,
    address,
    clock,
    log: silentLogger,
    answer(connection, frame) {
      const { promise, resolve, reject } = Promise.withResolvers<ResponseChunks>()
      const request = new DataView(frame.buffer, frame.byteOffset).getInt32(0)
      asked.push({ connection, request, answer: resolve, fail: reject })
      return promise
    },
    nextConnectionId: () => ++connections,
    limits: undefined,
    requestMemory: undefined,
    answerMemory: undefined,
    ...options,
  })
  return { clock, listener, asked, connect: () => RawClient.connect(network, clock, address) }
}

/** A request as its length and a payload that begins with the number. */
export function request(id: number, bytes = 4): Uint8Array {
  const payload = new Uint8Array(bytes)
  new DataView(payload.buffer).setInt32(0, id)
  return frameOf(payload)
}

export const ids = (asked: readonly Asked[]): readonly number[] => asked.map(each => each.request)
