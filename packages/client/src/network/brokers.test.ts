// Requests to brokers that answer, are slow, lie, die, move and come back.

import {
  ApiVersions,
  FindCoordinator,
  ListOffsets,
  Metadata,
  type MetadataRequest,
} from '@klamm/protocol'
import { expect, test } from 'vitest'
import { openCore } from '../core.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'

const all: MetadataRequest = {
  topics: [],
  allowAutoTopicCreation: false,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
}

function offsetsOf(name: string) {
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }]
  return { replicaId: -1, isolationLevel: 0, topics: [{ name, partitions }], timeoutMs: 0 }
}

/** A core that knows where the brokers are. */
async function opened(fake: FakeCluster, options = {}) {
  const core = openCore(fake.options(options))
  await fake.settle(core.metadata.refresh())
  await fake.settle(core.metadata.topics('all'))
  return core
}

test('a request goes to a broker that answers, in the highest version both speak', async () => {
  await using fake = new FakeCluster()
  fake.versions(Metadata, [0, 9])
  await using core = openCore(fake.options())
  const response = await fake.settle(core.brokers.request('any', Metadata, all))
  expect(response.brokers.map(({ nodeId }) => nodeId)).toEqual([1, 2, 3])
  expect(fake.requests(Metadata)).toMatchObject([{ version: 9, clientId: 'klamm' }])
  expect(await core.brokers.versionFor('any', Metadata)).toBe(9)
  expect(await core.brokers.versionFor('any', Metadata, { maxVersion: 4 })).toBe(4)
})

test('a cap on the version is kept, and a body may depend on the version', async () => {
  await using fake = new FakeCluster()
  await using core = openCore(fake.options())
  const versions: number[] = []
  const body = (version: number): MetadataRequest => {
    versions.push(version)
    return all
  }
  await fake.settle(core.brokers.request('any', Metadata, body, { maxVersion: 7 }))
  expect(versions).toEqual([7])
})

test('an API that the broker does not speak is refused without asking', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  fake.versions(ListOffsets, undefined)
  await using core = await opened(fake)
  const error = await fake.rejection(core.brokers.request(1, ListOffsets, offsetsOf('a')))
  expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED_VERSION', retriable: false })
  expect(error.message).toContain('no version of it')
})

test('a broker that knows ApiVersions only in an old version is understood', async () => {
  await using fake = new FakeCluster()
  fake.versions(ApiVersions, [0, 1])
  await using core = openCore(fake.options())
  await fake.settle(core.brokers.request('any', Metadata, all))
  expect(fake.requests(ApiVersions).map(({ version }) => version)).toEqual([1])
})

test('requests of one lane are written in the order of the calls, connected or not', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = await opened(fake)
  const names = ['1', '2', '3', '4', '5', '6']
  const ask = (name: string) =>
    core.brokers.request(1, ListOffsets, offsetsOf(name), { lane: 'fetch' })
  const first = names.slice(0, 3).map(ask)
  await fake.settle(Promise.all(first))
  await fake.settle(Promise.all(names.slice(3).map(ask)))
  const seen = fake.requests(ListOffsets).map(({ request }) => request.topics[0]?.name)
  expect(seen).toEqual(names)
})

test('lanes do not hold each other up', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = await opened(fake)
  fake.once(ListOffsets, 'drop')
  const stuck = core.brokers.request(1, ListOffsets, offsetsOf('a'), { lane: 'fetch' })
  stuck.catch(() => {})
  const free = core.brokers.request(1, FindCoordinator, {
    key: 'g',
    keyType: 0,
    coordinatorKeys: ['g'],
  })
  await fake.settle(free)
  expect(fake.nowMs).toBeLessThan(1_000)
})

test.each(['close', 'cut'] as const)(
  'an answer that ends in %s is a lost connection',
  async how => {
    await using fake = new FakeCluster({ topics: { a: 1 } })
    await using core = await opened(fake)
    fake.once(ListOffsets, how)
    const error = await fake.rejection(core.brokers.request(1, ListOffsets, offsetsOf('a')))
    expect(error).toMatchObject({ code: 'ERR_CONNECTION', retriable: true, brokerId: 1 })
    await fake.settle(core.brokers.request(1, ListOffsets, offsetsOf('a')))
  },
)

test('bytes that are no answer end the connection, and everything on it', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = await opened(fake)
  fake.once(ListOffsets, 'garbage')
  const both = [1, 2].map(() => core.brokers.request(1, ListOffsets, offsetsOf('a')))
  for (const error of await fake.rejections(both)) {
    expect(error).toMatchObject({ code: 'ERR_PROTOCOL', retriable: false })
  }
})

test('a silent broker costs the time-out, and its connection is given up', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = await opened(fake, { requestTimeoutMs: 5_000 })
  fake.once(ListOffsets, 'drop')
  const first = core.brokers.request(1, ListOffsets, offsetsOf('a'))
  const second = core.brokers.request(1, ListOffsets, offsetsOf('a'), { timeoutMs: 60_000 })
  const beganMs = fake.nowMs
  expect(await fake.rejections([first, second])).toMatchObject([
    {
      code: 'ERR_REQUEST_TIMEOUT',
      message: 'ListOffsets to broker 1: no answer within 5000 ms',
    },
    { code: 'ERR_CONNECTION' },
  ])
  expect(fake.nowMs - beganMs).toBeCloseTo(5_000, 0)
  await fake.settle(core.brokers.request(1, ListOffsets, offsetsOf('a')))
})

test('who gives up early does not take the connection from others', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = await opened(fake)
  fake.delay(1, 500)
  const abort = new AbortController()
  const options = [{ timeoutMs: 100 }, { signal: abort.signal }, {}]
  const [short, aborted, patient] = options.map(each =>
    core.brokers.request(1, ListOffsets, offsetsOf('a'), each),
  )
  expect(await fake.rejection(short!)).toMatchObject({ code: 'ERR_REQUEST_TIMEOUT' })
  abort.abort(new Error('enough'))
  const error = await fake.rejection(aborted!)
  expect(error).toMatchObject({ code: 'ERR_ABORTED', cause: { message: 'enough' } })
  await fake.settle(patient!)
  expect(new Set(fake.requests(ListOffsets).map(({ connection }) => connection)).size).toBe(1)
})

test('a signal that has fired sends nothing', async () => {
  await using fake = new FakeCluster()
  await using core = openCore(fake.options())
  const signal = AbortSignal.abort(new Error('no'))
  const error = await fake.rejection(core.brokers.request('any', Metadata, all, { signal }))
  expect(error.code).toBe('ERR_ABORTED')
  await fake.run(1_000)
  expect(fake.requests(ApiVersions)).toEqual([])
})

test('a broker that refuses is told as such, and tried again ever more slowly', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = await opened(fake)
  fake.kill(1)
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const failed = core.brokers.request(1, ListOffsets, offsetsOf('a'), { lane: 'fetch' })
    expect(await fake.rejection(failed)).toMatchObject({ code: 'ERR_CONNECTION', brokerId: 1 })
    times.push(fake.nowMs)
  }
  const waits = times.slice(1).map((ms, i) => ms - (times[i] ?? 0))
  expect(waits[0]).toBeGreaterThan(50)
  expect(waits[3]).toBeGreaterThan(500)
  fake.restart(1)
  await fake.settle(core.brokers.request(1, ListOffsets, offsetsOf('a'), { lane: 'fetch' }))
})

test.each([1, 2, 3, 4])('dead and silent bootstrap addresses cost little (seed %d)', async seed => {
  await using fake = new FakeCluster({ brokers: 4, seed })
  fake.kill(1)
  fake.vanish(2)
  fake.vanish(3)
  await using core = openCore(fake.options())
  await fake.settle(core.brokers.request('any', Metadata, all))
  expect(fake.nowMs).toBeLessThan(3_000)
})

test('when nobody can be reached, everything that was tried is told', async () => {
  await using fake = new FakeCluster()
  for (const id of [1, 2, 3]) fake.kill(id)
  await using core = openCore(fake.options())
  const error = await fake.rejection(core.brokers.request('any', Metadata, all))
  expect(error).toMatchObject({ code: 'ERR_CONNECTION', retriable: true })
  for (const id of [1, 2, 3]) expect(error.message).toContain(`broker-${id}:9092`)
})

test('a broker that hangs is asked nothing while another can be asked', async () => {
  await using fake = new FakeCluster({ brokers: 2 })
  await using core = openCore(fake.options())
  await fake.settle(core.brokers.request('any', Metadata, all))
  const [asked] = fake.requests(Metadata)
  fake.once(Metadata, 'drop')
  const late = core.brokers.request('any', Metadata, all, { timeoutMs: 1_000 })
  expect(await fake.rejection(late)).toMatchObject({ code: 'ERR_REQUEST_TIMEOUT' })
  await fake.settle(core.brokers.request('any', Metadata, all))
  expect(fake.requests(Metadata).at(-1)?.brokerId).not.toBe(asked?.brokerId)
})

test('a broker that nobody has told of cannot be asked', async () => {
  await using fake = new FakeCluster()
  await using core = openCore(fake.options())
  const error = await fake.rejection(core.brokers.request(9, Metadata, all))
  expect(error).toMatchObject({ code: 'ERR_CONNECTION', brokerId: 9, retriable: true })
})

test('the connection made to a bootstrap address goes on as the one to that broker', async () => {
  await using fake = new FakeCluster({ brokers: 1, topics: { a: 1 } })
  await using core = await opened(fake)
  await fake.settle(core.brokers.request(1, ListOffsets, offsetsOf('a')))
  expect(fake.requests(ApiVersions)).toHaveLength(1)
})

test('a port of something else is named as what it is', async () => {
  await using fake = new FakeCluster({ brokers: 1 })
  const { network } = fake.world.node('other').start()
  const replies = [Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70), new TextEncoder().encode('HTTP/1.1 400')]
  const messages: string[] = []
  for (const [i, reply] of replies.entries()) {
    await network.listen({ kind: 'tcp', host: 'other', port: i + 1 }, stream => {
      stream.handle({ onData: () => void stream.write([reply]), onClose() {} })
    })
    await using core = openCore(fake.options({ brokers: `other:${i + 1}` }))
    const error = await fake.rejection(core.brokers.request('any', Metadata, all))
    expect(error).toMatchObject({ code: 'ERR_PROTOCOL', retriable: false })
    messages.push(error.message)
  }
  expect(messages[0]).toContain('TLS')
  expect(messages[1]).toContain('HTTP')
})

test('closing fails what waits, refuses what comes, and leaves nothing behind', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const core = await opened(fake)
  core.metadata.watch(['a'])
  await fake.run(1_000)
  fake.on(ListOffsets, () => 'drop')
  const waiting = core.brokers.request(1, ListOffsets, offsetsOf('a'))
  const connecting = core.brokers.request(2, ListOffsets, offsetsOf('a'), { lane: 'fetch' })
  const closed = core[Symbol.asyncDispose]()
  for (const error of await fake.rejections([waiting, connecting])) {
    expect(error).toMatchObject({ code: 'ERR_CLOSED' })
  }
  await fake.settle(closed)
  const late = core.brokers.request(1, ListOffsets, offsetsOf('a'))
  expect(await fake.rejection(late)).toMatchObject({ code: 'ERR_CLOSED' })
  expect(fake.pendingTimers).toBe(0)
  await fake.run(100)
  expect(fake.openConnections).toBe(0)
})

test('the signal of the client closes it', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const abort = new AbortController()
  const core = await opened(fake, { signal: abort.signal })
  abort.abort()
  const late = core.brokers.request(1, ListOffsets, offsetsOf('a'))
  expect(await fake.rejection(late)).toMatchObject({ code: 'ERR_CLOSED' })
  expect(core.scope.signal.aborted).toBe(true)
  await fake.run(100)
  expect([fake.pendingTimers, fake.openConnections]).toEqual([0, 0])
})
