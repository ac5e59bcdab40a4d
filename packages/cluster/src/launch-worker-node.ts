// One node in a worker thread, as its parent sees it.

import type { Worker } from 'node:worker_threads'
import { type Clock, ConfigError } from '@klamm/base/env'
import type { FromNode, ToNode } from './control-messages.ts'
import type { NodeEvents, NodeHandle, StopKind } from './launcher.ts'
import { handOverMs } from './open-node.ts'

type NodeThread = Pick<Worker, 'on' | 'postMessage' | 'terminate'>

/**
 * How long a stop may take beyond the handing over, in ms; then the thread is ended as by a kill. A
 * disk that hangs must not keep a process from ending, and what was acknowledged survives.
 */
export const flushLimitMs = 20_000

/** How long a thread that is to be ended has to stand still first, in ms. */
export const freezeLimitMs = 1_000

export class WorkerNode implements NodeHandle {
  readonly brokerId: number
  readonly started: Promise<void>
  readonly #worker: NodeThread
  readonly #clock: Clock
  readonly #ready = Promise.withResolvers<void>()
  readonly #stopped = Promise.withResolvers<void>()
  readonly #frozen = Promise.withResolvers<void>()
  readonly #exited = Promise.withResolvers<void>()
  #port = 0
  /** We have asked for the end ourselves. */
  #isEnding = false

  constructor(brokerId: number, worker: NodeThread, events: NodeEvents, clock: Clock) {
    this.brokerId = brokerId
    this.#worker = worker
    this.#clock = clock
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
      else if (message.kind === 'frozen') this.#frozen.resolve()
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
      this.#frozen.resolve()
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
    let hasStopped = true
    const timer = this.#clock.setTimer(handOverMs(how) + flushLimitMs, () => {
      hasStopped = false
      this.#stopped.resolve()
    })
    await this.#stopped.promise
    timer.cancel()
    await (hasStopped ? this.#end() : this.kill())
  }

  async kill(): Promise<void> {
    this.#isEnding = true
    const message: ToNode = { kind: 'freeze' }
    this.#worker.postMessage(message)
    // One that hangs is ended where it is.
    const timer = this.#clock.setTimer(freezeLimitMs, this.#frozen.resolve)
    await this.#frozen.promise
    timer.cancel()
    await this.#end()
  }

  async #end(): Promise<void> {
    await this.#worker.terminate()
    await this.#exited.promise
  }
}
