// Tells the controller of replicas that this broker has lost (AssignReplicasToDirs, KIP-858), and
// does not give up: until it knows, it may have others count on them.

import { oneUuid } from '@klamm/base'
import { type Clock, type Logger, TaskScope, TimeoutError } from '@klamm/base/env'
import { AssignReplicasToDirs, errorCodes, errorNameOf } from '@klamm/protocol'
import type { ControllerChannel } from '../network/controller-channel.ts'
import type { ReplicaId } from '../partition/held-replicas.ts'

export interface LossReportsOptions {
  readonly brokerId: number
  /** -1 before this broker is registered. */
  readonly brokerEpoch: () => number
  readonly clock: Clock
  readonly log: Logger
  readonly controller: ControllerChannel
  readonly onFailure: (error: unknown) => void
}

/** How long one request is tried before it is made anew, in ms. */
const requestTimeoutMs = 5_000
/** After a refusal; the broker may have to register first. */
const retryMs = 100

export class LossReports implements AsyncDisposable {
  readonly #options: LossReportsOptions
  readonly #scope: TaskScope

  constructor(options: LossReportsOptions) {
    this.#options = options
    this.#scope = new TaskScope((_task, error) => options.onFailure(error))
  }

  /**
   * Resolves when the controller has taken note, which a change of controller does not undo. Never
   * when the broker stops before.
   */
  report(replicas: readonly ReplicaId[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#scope.spawn('loss report', async signal => {
      while (!(await this.#isKnown(replicas, signal))) {
        await this.#options.clock.sleep(retryMs, signal)
      }
      resolve()
    })
    return promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]()
  }

  async #isKnown(replicas: readonly ReplicaId[], signal: AbortSignal): Promise<boolean> {
    const { brokerId, brokerEpoch, controller, log } = this.#options
    if (brokerEpoch() < 0) return false
    const request = {
      brokerId,
      brokerEpoch: brokerEpoch(),
      directories: [{ id: oneUuid, topics: topicsOf(replicas) }],
    }
    try {
      const { errorCode, directories } = await controller.request(
        AssignReplicasToDirs,
        0,
        request,
        { timeoutMs: requestTimeoutMs, signal, errorOf: answer => answer.errorCode },
      )
      const refused = directories
        .flatMap(({ topics }) => topics.flatMap(({ partitions }) => partitions))
        .find(partition => !endsReport(partition.errorCode))
      if (errorCode === errorCodes.NONE && refused === undefined) return true
      const error = errorNameOf(errorCode || (refused?.errorCode ?? 0))
      log.warn('the controller does not take note of lost replicas yet', { error })
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      log.warn('no controller has taken note of lost replicas yet')
    }
    return false
  }
}

/** Noted; or there is no such replica any more. */
function endsReport(errorCode: number): boolean {
  return (
    errorCode === errorCodes.NONE ||
    errorCode === errorCodes.UNKNOWN_TOPIC_ID ||
    errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION
  )
}

function topicsOf(replicas: readonly ReplicaId[]) {
  const byTopic = new Map<string, { partitionIndex: number }[]>()
  for (const { topicId, partitionIndex } of replicas) {
    const list = byTopic.get(topicId)
    if (list === undefined) byTopic.set(topicId, [{ partitionIndex }])
    else list.push({ partitionIndex })
  }
  return [...byTopic].map(([topicId, partitions]) => ({ topicId, partitions }))
}
