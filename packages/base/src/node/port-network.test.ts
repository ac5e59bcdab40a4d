// The network between threads against the contract, and what happens when a thread dies.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import type { ByteStream } from '../env/index.ts'
import type { EchoWorkerData } from '../testing/echo-worker.ts'
import { networkContract } from '../testing/network-contract.ts'
import { PortHub } from './port-hub.ts'
import { PortNetwork } from './port-network.ts'

const disposals: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const dispose of disposals.splice(0)) await dispose()
})

networkContract('the network between threads', async () => {
  const hub = new PortHub()
  const server = new PortNetwork(hub.attach('server'))
  const client = new PortNetwork(hub.attach('client'))
  return {
    server,
    client,
    address: () => ({ kind: 'peer', brokerId: 1 }),
    dispose: async () => {
      await server[Symbol.asyncDispose]()
      await client[Symbol.asyncDispose]()
      hub.close()
    },
  }
})

test('a stream reaches another thread and comes back', async () => {
  const { hub, client } = setup()
  await startEcho(hub, client)
  const stream = await client.connect({ kind: 'peer', brokerId: 1 })
  const received = collect(stream)
  const sent = Uint8Array.from({ length: 3 << 20 }, (_, i) => (i * 7 + (i >> 11)) & 0xff)
  for (let at = 0; at < sent.length; at += 100_000) stream.write([sent.subarray(at, at + 100_000)])
  await received.bytes(sent.length)
  expect(Buffer.compare(Buffer.concat(received.chunks), sent)).toBe(0)
  stream.destroy()
  await received.closed
})

for (const [how, kill] of [
  ['is terminated', (worker: Worker) => void worker.terminate()],
  ['exits', (_: Worker, stream: ByteStream) => void stream.write([Uint8Array.of(0)])],
] as const) {
  test(`a thread that ${how} closes its streams, and its successor takes its place`, async () => {
    const { hub, client } = setup()
    const worker = await startEcho(hub, client)
    const stream = await client.connect({ kind: 'peer', brokerId: 1 })
    const received = collect(stream)
    kill(worker, stream)
    expect(await received.closed).toMatchObject({ name: 'NetworkError', code: 'closed' })
    await startEcho(hub, client)
    const again = await client.connect({ kind: 'peer', brokerId: 1 })
    const receivedAgain = collect(again)
    again.write([Uint8Array.of(1, 2, 3)])
    await receivedAgain.bytes(3)
    again.destroy()
    await receivedAgain.closed
  })
}

test('a name that is attached again shuts out whoever had it', async () => {
  const { hub, client } = setup()
  const old = new PortNetwork(hub.attach('broker'))
  await old.listen({ kind: 'peer', brokerId: 1 }, stream => stream.destroy())
  const successor = new PortNetwork(hub.attach('broker'))
  const accepted = Promise.withResolvers<string>()
  await successor.listen({ kind: 'peer', brokerId: 1 }, stream => {
    accepted.resolve(stream.remoteAddress)
    stream.destroy()
  })
  const stream = await client.connect({ kind: 'peer', brokerId: 1 })
  expect(await accepted.promise).toBe('client')
  stream.destroy()
  await expect(old.connect({ kind: 'peer', brokerId: 1 })).rejects.toMatchObject({
    code: 'unreachable',
  })
  await successor[Symbol.asyncDispose]()
})

test('only brokers can be reached', async () => {
  const { client } = setup()
  const address = { kind: 'tcp', host: '127.0.0.1', port: 9092 } as const
  await expect(client.connect(address)).rejects.toMatchObject({ code: 'unreachable' })
  await expect(client.listen(address, () => {})).rejects.toMatchObject({ code: 'unreachable' })
})

function setup(): { readonly hub: PortHub; readonly client: PortNetwork } {
  const hub = new PortHub()
  const client = new PortNetwork(hub.attach('client'))
  disposals.push(async () => {
    await client[Symbol.asyncDispose]()
    hub.close()
  })
  return { hub, client }
}

/** A new thread as broker 1, which listens by the time this returns. */
async function startEcho(hub: PortHub, client: PortNetwork): Promise<Worker> {
  const control = hub.attach('broker')
  const workerData: EchoWorkerData = { control, brokerId: 1 }
  const url = new URL('../testing/echo-worker.ts', import.meta.url)
  const worker = new Worker(url, { workerData, transferList: [control] })
  disposals.push(() => worker.terminate())
  await once(worker, 'online')
  for (;;) {
    try {
      const probe = await client.connect({ kind: 'peer', brokerId: 1 })
      probe.destroy()
      return worker
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'refused') throw error
    }
  }
}

function collect(stream: ByteStream): {
  readonly chunks: Uint8Array[]
  readonly closed: Promise<Error | undefined>
  bytes(count: number): Promise<void>
} {
  const chunks: Uint8Array[] = []
  const closed = Promise.withResolvers<Error | undefined>()
  let total = 0
  let waiting: { count: number; resolve: () => void } | undefined
  stream.handle({
    onData: chunk => {
      chunks.push(chunk)
      total += chunk.length
      if (waiting !== undefined && waiting.count <= total) waiting.resolve()
    },
    onClose: closed.resolve,
  })
  return {
    chunks,
    closed: closed.promise,
    bytes: count =>
      new Promise(resolve => {
        waiting = { count, resolve }
        if (count <= total) resolve()
      }),
  }
}
