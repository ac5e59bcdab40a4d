// Creates internal topics through the controller when they are first asked for.

import { type Clock, type Logger, TaskScope, TimeoutError } from '@klamm/base/env'
import { CreateTopics, errorCodes, errorNameOf } from '@klamm/protocol'
import type { MetadataImage } from '../metadata/index.ts'
import type { ControllerChannel } from '../network/controller-channel.ts'
import type { InternalTopics } from './internal-topics.ts'

/** How one internal topic is made. */
export interface InternalTopicSpec {
  readonly partitionCount: number
  /** Fewer when the cluster has fewer brokers. */
  readonly replicationFactor: number
  readonly configs: ReadonlyMap<string, string>
}

export interface InternalTopicCreatorOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly controller: ControllerChannel
  readonly image: () => MetadataImage
  readonly specs: ReadonlyMap<string, InternalTopicSpec>
  readonly onFailure: (error: unknown) => void
}

const timeoutMs = 10_000
const version = 7

export class InternalTopicCreator implements InternalTopics, AsyncDisposable {
  readonly #options: InternalTopicCreatorOptions
  readonly #scope: TaskScope
  readonly #creating = new Set<string>()

  constructor(options: InternalTopicCreatorOptions) {
    this.#options = options
    this.#scope = new TaskScope((_task, error) => options.onFailure(error))
  }

  ensure(name: string): void {
    const spec = this.#options.specs.get(name)
    if (spec === undefined || this.#creating.has(name)) return
    this.#creating.add(name)
    this.#scope.spawn(`create ${name}`, async signal => {
      try {
        await this.#create(name, spec, signal)
      } finally {
        this.#creating.delete(name)
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]()
  }

  async #create(name: string, spec: InternalTopicSpec, signal: AbortSignal): Promise<void> {
    const { controller, image, log } = this.#options
    const brokers = image().cluster.brokers.size
    const topic = {
      name,
      numPartitions: spec.partitionCount,
      replicationFactor: Math.max(1, Math.min(spec.replicationFactor, brokers)),
      assignments: [],
      configs: [...spec.configs].map(([name, value]) => ({ name, value })),
    }
    try {
      const response = await controller.request(
        CreateTopics,
        version,
        { topics: [topic], timeoutMs, validateOnly: false },
        { timeoutMs, signal, errorOf: ({ topics }) => topics[0]?.errorCode ?? errorCodes.NONE },
      )
      const errorCode = response.topics[0]?.errorCode ?? errorCodes.NONE
      if (errorCode === errorCodes.NONE || errorCode === errorCodes.TOPIC_ALREADY_EXISTS) return
      log.warn('an internal topic was not created', { topic: name, error: errorNameOf(errorCode) })
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      log.warn('an internal topic was not created: no controller answered', { topic: name })
    }
  }
}
