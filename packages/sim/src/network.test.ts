// The simulated network against the contract, and the faults that only it can arrange.

import type { ByteStream, Env } from '@klamm/base/env'
import { networkContract } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { SimWorld } from './world.ts'

networkContract('the simulated network', async () => {
  const world = new SimWorld({ seed: 1 })
  const pump = world.scheduler.pump()
  const server = world.node('server').start()
  const client = world.node('client').start()
  return {
    server: server.network,
    client: client.network,
    address: () => ({ kind: 'tcp', host: '0.0.0.0', port: 0 }),
    dispose: async () => pump[Symbol.dispose](),
  }
})

const peer = { kind: 'peer', brokerId: 1 } as const

test('a blockade delays bytes and loses none of them', async () => {
  const { world, near, far } = await connectedPair()
  near.stream.write([bytes('before ')])
  await world.scheduler.runFor(10)
  world.network.block('a', 'b')
  near.stream.write([bytes('during ')])
  await world.scheduler.runFor(3_000)
  expect(far.text).toBe('before ')
  expect(near.stream.queuedBytes).toBe(7)
  world.network.unblock('a', 'b')
  near.stream.write([bytes('after')])
  await world.scheduler.runFor(1_000)
  expect(far.text).toBe('before during after')
  expect([near.isClosed, far.isClosed]).toEqual([false, false])
})

test('a blockade is one way', async () => {
  const { world, near, far } = await connectedPair()
  world.network.block('a', 'b')
  far.stream.write([bytes('still heard')])
  near.stream.write([bytes('unheard')])
  await world.scheduler.runFor(1_000)
  expect([near.text, far.text]).toEqual(['still heard', ''])
})

test('a blockade of one plane leaves the other open', async () => {
  const { world, near, far } = await connectedPair('client')
  world.network.block('a', 'b', ['peer'])
  near.stream.write([bytes('client traffic')])
  await world.scheduler.runFor(100)
  expect(far.text).toBe('client traffic')
})

test('a long blockade breaks the sending end, and the other when it hears of it', async () => {
  const { world, near, far } = await connectedPair()
  world.network.block('a', 'b')
  near.stream.write([bytes('stuck')])
  await world.scheduler.runFor(21_000)
  expect([near.isClosed, far.isClosed]).toEqual([true, false])
  expect(near.error).toMatchObject({ name: 'NetworkError', code: 'closed' })
  world.network.heal()
  await world.scheduler.runFor(1_000)
  expect([far.isClosed, far.text]).toEqual([true, ''])
})

test('a partition stops new connections until it heals', async () => {
  const world = new SimWorld({ seed: 1 })
  const [a, b] = [world.node('a').start(), world.node('b').start()]
  await world.scheduler.settle(b.peers.listen(peer, stream => stream.handle(ignore)))
  world.network.partition([['a'], ['b', 'c']])
  await expect(world.scheduler.settle(a.peers.connect(peer))).rejects.toMatchObject({
    code: 'timeout',
  })
  const late = a.peers.connect(peer)
  await world.scheduler.runFor(3_000)
  world.network.heal()
  const stream = await world.scheduler.settle(late, 3_000)
  expect(stream.remoteAddress).toBe('peer:1')
})

test('a clog holds everything back and breaks nothing', async () => {
  const { world, near, far } = await connectedPair()
  world.network.clog('a', 'b', 60_000)
  near.stream.write([bytes('patience')])
  await world.scheduler.runFor(59_000)
  expect(far.text).toBe('')
  await world.scheduler.runFor(2_000)
  expect([far.text, near.isClosed]).toEqual(['patience', false])
})

test('a cut closes what is open and leaves the way free', async () => {
  const { world, near, far, a } = await connectedPair()
  world.network.cut('b', 'a')
  await world.scheduler.runFor(10)
  expect([near.isClosed, far.isClosed]).toEqual([true, true])
  await world.scheduler.settle(a.peers.connect(peer))
})

test('losses stall a stream and never leave a gap', async () => {
  const { world, near, far } = await connectedPair()
  world.network.setAllLinks({ lossProbability: 0.3, splitProbability: 0.5 })
  let expected = ''
  for (let i = 0; i < 200; i++) {
    near.stream.write([bytes(`${i},`)])
    expected += `${i},`
    await world.scheduler.runFor(1)
  }
  expect(far.text.length).toBeLessThan(expected.length)
  expect(expected.startsWith(far.text)).toBe(true)
  await world.scheduler.runFor(60_000)
  expect(far.text).toBe(expected)
})

test('a link that resets breaks both ends', async () => {
  const { world, near, far } = await connectedPair()
  world.network.setLink('a', 'b', { resetProbability: 1 })
  near.stream.write([bytes('x')])
  await world.scheduler.runFor(10)
  expect([near.isClosed, far.isClosed, far.text]).toEqual([true, true, ''])
})

test('a slow link takes its time for many bytes', async () => {
  const { world, near, far } = await connectedPair()
  world.network.setLink('a', 'b', { bytesPerMs: 100 })
  near.stream.write([new Uint8Array(10_000)])
  await world.scheduler.runFor(95)
  expect(far.text).toBe('')
  await world.scheduler.runFor(15)
  expect(far.text).toHaveLength(10_000)
})

test('the death of a process is noticed soon, and its port is free for the next one', async () => {
  const { world, near, far, a } = await connectedPair()
  far.stream.write([bytes('last words')])
  world.node('b').crash()
  await world.scheduler.runFor(10)
  expect([near.isClosed, far.isClosed]).toEqual([true, false])
  expect('last words'.startsWith(near.text)).toBe(true)
  await expect(world.scheduler.settle(a.peers.connect(peer))).rejects.toMatchObject({
    code: 'refused',
  })
  const b = world.node('b').start()
  await world.scheduler.settle(b.peers.listen(peer, stream => stream.handle(ignore)))
  await world.scheduler.settle(a.peers.connect(peer))
})

test('of what a dying process had sent, a prefix arrives', async () => {
  const received = new Set<string>()
  for (let seed = 1; seed <= 40; seed++) {
    const { world, near, far } = await connectedPair('peer', seed)
    world.network.setLink('a', 'b', { minDelayMs: 50 })
    for (const word of ['one ', 'two ', 'three']) {
      far.stream.write([bytes(word)])
      await world.scheduler.runFor(5)
    }
    world.node('b').crash()
    await world.scheduler.runFor(1_000)
    received.add(near.text)
  }
  expect([...received].sort()).toEqual(['', 'one ', 'one two ', 'one two three'])
})

test('a machine without power does not answer, and is noticed late', async () => {
  const { world, near, a } = await connectedPair()
  world.node('b').crash('power')
  await world.scheduler.runFor(10)
  expect(near.isClosed).toBe(false)
  await world.scheduler.runFor(5_000)
  expect(near.isClosed).toBe(true)
  await expect(world.scheduler.settle(a.peers.connect(peer))).rejects.toMatchObject({
    code: 'timeout',
  })
})

test('a frozen node reads nothing, and everything when it wakes', async () => {
  const { world, near, far } = await connectedPair()
  world.node('b').freeze(5_000)
  near.stream.write([bytes('zzz')])
  await world.scheduler.runFor(4_990)
  expect([far.text, near.stream.queuedBytes]).toEqual(['', 3])
  await world.scheduler.runFor(20)
  expect([far.text, near.stream.queuedBytes]).toEqual(['zzz', 0])
})

test('connections that are over are forgotten', async () => {
  const { world, near } = await connectedPair()
  expect(world.network.openStreams).toBe(2)
  near.stream.end()
  await world.scheduler.runFor(10)
  expect(world.network.openStreams).toBe(0)
})

const ignore = { onData() {}, onClose() {} }

interface End {
  readonly stream: ByteStream
  text: string
  isClosed: boolean
  error: Error | undefined
}

function listenTo(stream: ByteStream): End {
  const end: End = { stream, text: '', isClosed: false, error: undefined }
  stream.handle({
    onData: chunk => {
      end.text += new TextDecoder().decode(chunk)
    },
    onClose: error => {
      end.isClosed = true
      end.error = error
    },
  })
  return end
}

/** Node `a` is connected to node `b`, which listens. */
async function connectedPair(
  plane: 'client' | 'peer' = 'peer',
  seed = 1,
): Promise<{
  readonly world: SimWorld
  readonly a: Env
  readonly near: End
  readonly far: End
}> {
  const world = new SimWorld({ seed, network: { link: { splitProbability: 0 } } })
  const [a, b] = [world.node('a').start(), world.node('b').start()]
  const [from, to] = plane === 'peer' ? [a.peers, b.peers] : [a.network, b.network]
  const accepted = Promise.withResolvers<End>()
  await world.scheduler.settle(to.listen(peer, stream => accepted.resolve(listenTo(stream))))
  const near = await world.scheduler.settle(from.connect(peer).then(listenTo))
  return { world, a, near, far: await accepted.promise }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
