// Nodes in worker threads, connected by message ports.

import { Worker } from 'node:worker_threads'
import { nodeClock, PortHub, PortNetwork, siblingUrl } from '@klamm/base/node'
import type { NodeWorkerData } from './control-messages.ts'
import { WorkerNode } from './launch-worker-node.ts'
import type { Launcher, NodeEvents, NodeHandle } from './launcher.ts'
import type { NodeOptions } from './node-options.ts'

export class WorkerLauncher implements Launcher {
  readonly #peers = new PortHub()
  readonly #clients = new PortHub()
  readonly clients = new PortNetwork(this.#clients.attach('clients'))

  async launch(options: NodeOptions, events: NodeEvents): Promise<NodeHandle> {
    const { brokerId } = options
    const peers = this.#peers.attach(`broker-${brokerId}`)
    const clients = this.#clients.attach(`broker-${brokerId}`)
    const data: NodeWorkerData = { options, peers, clients }
    const worker = new Worker(siblingUrl('./node-main', import.meta.url), {
      workerData: data,
      transferList: [peers, clients],
      name: `klamm broker ${brokerId}`,
    })
    const node = new WorkerNode(brokerId, worker, events, nodeClock)
    try {
      await node.started
    } catch (error) {
      await node.kill()
      throw error
    }
    return node
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#peers.close()
    await this.clients[Symbol.asyncDispose]()
    this.#clients.close()
  }
}
