// Nodes in this event loop: the fastest to start, for tests and small embedded clusters.

import { LocalNetwork, type StorageEngine } from '@klamm/base/env'
import { nodeClock } from '@klamm/base/node'
import { MemoryEngine } from '@klamm/broker'
import type { Launcher, NodeEvents, NodeHandle } from './launcher.ts'
import type { NodeOptions } from './node-options.ts'
import { handOverMs, openNode } from './open-node.ts'

export class InlineLauncher implements Launcher {
  readonly #peers = new LocalNetwork(nodeClock)
  /** What nodes without a data directory keep: it survives them, as a page cache would. */
  readonly #memories = new Map<number, StorageEngine>()

  async launch(options: NodeOptions, events: NodeEvents): Promise<NodeHandle> {
    const { brokerId } = options
    const onFailure = (error: unknown): void => events.onFailure(brokerId, asError(error))
    const storage = options.dataDirectory === undefined ? this.#memory(brokerId) : undefined
    const broker = await openNode(options, this.#peers, onFailure, storage)
    const { address } = broker
    return {
      brokerId,
      port: address.kind === 'tcp' ? address.port : 0,
      ready: () => broker.ready(),
      stop: how => broker.stop(handOverMs(how)),
      kill: () => broker[Symbol.asyncDispose](),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#memories.clear()
  }

  #memory(brokerId: number): StorageEngine {
    let memory = this.#memories.get(brokerId)
    if (memory === undefined) {
      memory = new MemoryEngine()
      this.#memories.set(brokerId, memory)
    }
    return memory
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
