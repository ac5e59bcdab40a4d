// Nodes in worker threads, connected by message ports.

import { Worker } from 'node:worker_threads'
import { ConfigError } from '@klamm/base/env'
import { PortHub, PortNetwork, siblingUrl } from '@klamm/base/node'
import type { FromNode, NodeWorkerData, ToNode } from './control-messages.ts'
import type { Launcher, NodeEvents, NodeHandle, StopKind } from './launcher.ts'
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
    const node = new WorkerNode(brokerId, worker, events)
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

class WorkerNode implements NodeHandle {
  readonly brokerId: number
  readonly started: Promise<void>
  readonly #worker: Worker
  readonly #ready = Promise.withResolvers<void>()
  readonly #stopped = Promise.withResolvers<void>()
  readonly #exited = Promise.withResolvers<void>()
  #port = 0
  /** We have asked for the end ourselves. */
  #isEnding = false

  constructor(brokerId: number, worker: Worker, events: NodeEvents) {
    this.brokerId = brokerId
    this.#worker = worker
    const { promise: started, resolve, reject } = Promise.withResolvers<void>()
    this.started = started
    this.#ready.promise.catch(() => undefined)
    const failed = (error: Error): void => {
      reject(error)
      this.#ready.reject(error)
      if (this.#isEnding) return
      this.#isEnding = true
      // What is broken must not go on: its port and its directory are free once the thread is gone.
      void this.kill().then(() => events.onFailure(brokerId, error))
    }
    worker.on('message', (message: FromNode) => {
      if (message.kind === 'started') {
        this.#port = message.port
        resolve()
      } else if (message.kind === 'ready') this.#ready.resolve()
      else if (message.kind === 'stopped') this.#stopped.resolve()
      else if (message.kind === 'notStarted') {
        this.#isEnding = true
        const { message: text, operator } = message
        reject(operator ? new ConfigError(text) : new Error(`broker ${brokerId}: ${text}`))
      } else failed(new Error(message.message))
    })
    worker.on('error', failed)
    worker.on('exit', code => {
      if (!this.#isEnding) failed(new Error(`the thread of broker ${brokerId} ended (${code})`))
      this.#ready.reject(new Error(`broker ${brokerId} has ended`))
      this.#stopped.resolve()
      this.#exited.resolve()
    })
  }

  get port(): number {
    return this.#port
  }

  ready(): Promise<void> {
    return this.#ready.promise
  }

  async stop(how: StopKind): Promise<void> {
    this.#isEnding = true
    const message: ToNode = { kind: 'stop', how }
    this.#worker.postMessage(message)
    await this.#stopped.promise
    await this.#worker.terminate()
    await this.#exited.promise
  }

  async kill(): Promise<void> {
    this.#isEnding = true
    await this.#worker.terminate()
    await this.#exited.promise
  }
}
