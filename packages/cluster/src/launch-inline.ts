// Nodes in this event loop: the fastest to start, for tests and small embedded clusters.

import { type Environment, LocalNetwork, type StorageEngine } from '@klamm/base/env'
import { nodeClock } from '@klamm/base/node'
import { type Broker, MemoryEngine } from '@klamm/broker'
import type { Launcher, NodeEvents, NodeHandle } from './launcher.ts'
import type { NodeOptions } from './node-options.ts'
import { handOverMs, openNode } from './open-node.ts'

/**
 * How long a broker that ends may take to give back what it holds, in ms. A write that hangs never
 * ends, but whoever waits for the end must hear that there is no broker any more.
 */
const defaultEndLimitMs = 10_000

export class InlineLauncher implements Launcher {
  readonly #endLimitMs: number
  readonly #peers = new LocalNetwork(nodeClock)
  readonly clients = new LocalNetwork(nodeClock)
  /** What nodes without a data directory keep: it survives them, as a page cache would. */
  readonly #memories = new Map<number, MemoryEngine>()

  constructor(options: { readonly endLimitMs?: number } = {}) {
    this.#endLimitMs = options.endLimitMs ?? defaultEndLimitMs
  }

  async launch(options: NodeOptions, events: NodeEvents): Promise<NodeHandle> {
    const { brokerId } = options
    // A broker that cannot go on gives back its port and its directory before anybody is told.
    const failed = async (error: unknown): Promise<void> => {
      // That it cannot be closed either is a consequence: what is told is the first failure.
      if (broker !== undefined) await Promise.allSettled([this.#end(broker)])
      events.onFailure(brokerId, asError(error))
    }
    let broker: Broker | undefined
    const networks = { peers: this.#peers, clients: this.clients }
    const storage = options.dataDirectory === undefined ? this.#memory(brokerId) : undefined
    const opened = await openNode(options, networks, error => void failed(error), storage)
    broker = opened
    return handleOf(broker, () => this.#end(opened))
  }

  async #end(broker: Broker): Promise<void> {
    const { promise: limit, resolve } = Promise.withResolvers<void>()
    const timer = nodeClock.setTimer(this.#endLimitMs, resolve)
    try {
      await Promise.race([broker[Symbol.asyncDispose](), limit])
    } finally {
      timer.cancel()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#memories.values()].map(memory => memory.close()))
    this.#memories.clear()
  }

  #memory(brokerId: number): StorageEngine {
    let memory = this.#memories.get(brokerId)
    if (memory === undefined) {
      memory = new MemoryEngine()
      this.#memories.set(brokerId, memory)
    }
    return outliving(memory)
  }
}

/** The engine as a broker gets that does not take it along when it closes it. */
function outliving(engine: MemoryEngine): StorageEngine {
  const opened: Environment[] = []
  return {
    durability: engine.durability,
    list: () => engine.list(),
    open(name) {
      const environment = engine.open(name)
      opened.push(environment)
      return environment
    },
    drop: name => engine.drop(name),
    usage: () => engine.usage(),
    async close() {
      for (const environment of opened) await environment.close()
    },
  }
}

function handleOf(broker: Broker, end: () => Promise<void>): NodeHandle {
  const { address, brokerId } = broker
  return {
    brokerId,
    port: address.kind === 'tcp' ? address.port : 0,
    ready: () => broker.ready(),
    stop: how => broker.stop(handOverMs(how)),
    kill: end,
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
