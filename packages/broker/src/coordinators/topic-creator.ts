// Creates topics through the controller when they are first asked for: the broker's own ones, and
// those of clients where `auto.create.topics.enable` lets them.

import { type Clock, type Logger, TaskScope, TimeoutError } from '@klamm/base/env'
import { CreateTopics, errorCodes, errorNameOf } from '@klamm/protocol'
import { isInternalTopic } from '../metadata/index.ts'
import type { ControllerChannel } from '../network/controller-channel.ts'
import type { TopicsOnDemand } from './topics-on-demand.ts'

/** How a topic is made; -1: as the controller's configuration says. */
export interface TopicSpec {
  readonly partitionCount: number
  /** Fewer when the cluster has fewer brokers. */
  readonly replicationFactor: number
  readonly configs: ReadonlyMap<string, string>
}

export interface TopicCreatorOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly controller: ControllerChannel
  /** How many brokers the cluster has or, when it has just been started, is about to have. */
  readonly clusterSize: () => number
  readonly specs: ReadonlyMap<string, TopicSpec>
  readonly onFailure: (error: unknown) => void
}

const timeoutMs = 10_000
const version = 7

/** At a time; a client that asks for more names at once asks again for the rest. */
const maxCreating = 100

/** A topic that a client has asked for. */
const ordinary: TopicSpec = {
  partitionCount: -1,
  replicationFactor: -1,
  configs: new Map(),
}

export class TopicCreator implements TopicsOnDemand, AsyncDisposable {
  readonly #options: TopicCreatorOptions
  readonly #scope: TaskScope
  readonly #creating = new Set<string>()

  constructor(options: TopicCreatorOptions) {
    this.#options = options
    this.#scope = new TaskScope((_task, error) => options.onFailure(error))
  }

  ensure(name: string): void {
    const spec = this.#specOf(name)
    if (spec === undefined || this.#creating.has(name)) return
    if (this.#creating.size >= maxCreating) return
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

  /** Undefined: an internal topic of something that is not here. */
  #specOf(name: string): TopicSpec | undefined {
    const spec = this.#options.specs.get(name)
    return spec === undefined && !isInternalTopic(name) ? ordinary : spec
  }

  async #create(name: string, spec: TopicSpec, signal: AbortSignal): Promise<void> {
    const { controller, clusterSize, log } = this.#options
    const topic = {
      name,
      numPartitions: spec.partitionCount,
      replicationFactor: Math.min(spec.replicationFactor, clusterSize()),
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
      log.warn('a topic was not created', { topic: name, error: errorNameOf(errorCode) })
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      log.warn('a topic was not created: no controller answered', { topic: name })
    }
  }
}
