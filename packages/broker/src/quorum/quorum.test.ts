// Three quorums on one network: who leads, and what becomes of it when a process ends.

import { seededRandom, uuidFrom } from '@klamm/base'
import { type ByteStream, LocalNetwork, silentLogger } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import { FrameReader } from '@klamm/protocol'
import { bootstrapState, type VoterId } from '@klamm/raft'
import { expect, test } from 'vitest'
import { defaultControllerOptions } from '../metadata/index.ts'
import { PeerChannels } from '../network/peer-channels.ts'
import { settled } from '../testing/turns.ts'
import { Quorum } from './quorum.ts'

const voters: readonly VoterId[] = [1, 2, 3].map(nodeId => ({
  nodeId,
  directoryId: uuidFrom(seededRandom(`directory ${nodeId}`)),
}))

class TestNode {
  readonly quorum: Quorum
  readonly failures: unknown[] = []
  readonly #peers: PeerChannels
  readonly #network: LocalNetwork
  readonly #id: VoterId
  readonly #streams = new Set<ByteStream>()
  #close: () => Promise<void> = async () => {}

  constructor(
    id: VoterId,
    network: LocalNetwork,
    clock: TestClock,
    state = bootstrapState({ voters }),
  ) {
    this.#id = id
    this.#network = network
    const log = silentLogger
    this.#peers = new PeerChannels({
      network,
      clock,
      log,
      clientId: `broker-${id.nodeId}`,
      onLost: brokerId => void this.quorum.connectionLost(brokerId),
    })
    this.quorum = new Quorum({
      id,
      contacts: [1, 2, 3],
      state,
      store: { write: async () => {} },
      clock,
      random: seededRandom(`node ${id.nodeId}`),
      log,
      peers: this.#peers,
      controller: { ...defaultControllerOptions, clusterId: 'c' },
      features: new Map(),
      balanceIntervalMs: 300_000,
      publishers: [],
      onFailure: error => this.failures.push(error),
    })
  }

  async start(): Promise<void> {
    await this.listen()
    this.quorum.start()
  }

  async listen(): Promise<void> {
    const address = { kind: 'peer', brokerId: this.#id.nodeId } as const
    const listener = await this.#network.listen(address, stream => this.#accept(stream))
    this.#close = () => listener.close()
  }

  /** Every connection to this node breaks; new ones can be made. */
  drop(): void {
    for (const stream of this.#streams) stream.destroy()
  }

  async end(): Promise<void> {
    await this.#close()
    await this.quorum[Symbol.asyncDispose]()
    await this.#peers[Symbol.asyncDispose]()
    this.drop()
  }

  #accept(stream: ByteStream): void {
    const frames = new FrameReader()
    this.#streams.add(stream)
    stream.handle({
      onData: chunk => {
        frames.push(chunk)
        for (let frame = frames.next(); frame; frame = frames.next()) this.quorum.receive(frame)
      },
      onClose: () => this.#streams.delete(stream),
    })
  }
}

async function threeNodes() {
  const clock = new TestClock()
  const network = new LocalNetwork(clock)
  const nodes = voters.map(id => new TestNode(id, network, clock))
  const run = async (ms: number) => {
    for (let i = 0; i < ms; i += 2) {
      clock.advance(2)
      await settled()
    }
  }
  const node = (id: number) => nodes[id - 1] as TestNode
  const leaders = () => nodes.filter(({ quorum }) => quorum.controller.isActive)
  return { clock, network, nodes, node, run, leaders }
}

/** All are started; the first leads. */
async function ledByFirst() {
  const all = await threeNodes()
  const { node, run } = all
  for (const each of all.nodes) await each.listen()
  node(1).quorum.start()
  await run(300)
  node(2).quorum.start()
  node(3).quorum.start()
  await run(300)
  expect(all.nodes.map(({ quorum }) => quorum.controllerId)).toEqual([1, 1, 1])
  return all
}

test('a first attempt that nobody heard is repeated soon', async () => {
  const { node, run, leaders } = await threeNodes()
  await node(1).start()
  // Its first campaign is long over, and nothing has come of it.
  await run(650)
  expect(leaders()).toEqual([])
  await node(2).listen()
  await run(250)
  expect(leaders()).toEqual([node(1)])
})

test('when the process of the leader ends, another leads at once', async () => {
  const { node, run, leaders } = await ledByFirst()
  await node(1).end()
  await run(60)
  expect(leaders()).toEqual([node(2)])
  expect(node(3).quorum.controllerId).toBe(2)
  expect([...node(2).failures, ...node(3).failures]).toEqual([])
})

test('a leader that only lost its connections goes on leading', async () => {
  const { node, run, leaders } = await ledByFirst()
  node(1).drop()
  await run(500)
  expect(leaders()).toEqual([node(1)])
  expect(node(2).quorum.controllerId).toBe(1)
})

test('the end of a follower changes nothing', async () => {
  const { node, run, leaders } = await ledByFirst()
  await node(3).end()
  await run(500)
  expect(leaders()).toEqual([node(1)])
  expect(node(2).quorum.controllerId).toBe(1)
})

test('a node that comes back with nothing votes again, as another replica', async () => {
  const { clock, network, node, run } = await ledByFirst()
  await node(3).end()
  await run(200)
  const id = { nodeId: 3, directoryId: uuidFrom(seededRandom('another directory')) }
  const back = new TestNode(id, network, clock, bootstrapState())
  await back.start()
  await run(2_000)
  expect(back.quorum.controllerId).toBe(1)
  await run(4_000)
  // One of the three may go again: with the first one it is a majority.
  await node(2).end()
  await run(3_000)
  expect(node(1).quorum.controller.isActive).toBe(true)
  await node(1).quorum.controller.run(() => ({ records: [], reply: undefined }))
  await node(1).end()
  await back.end()
  expect([...node(1).failures, ...back.failures]).toEqual([])
})
