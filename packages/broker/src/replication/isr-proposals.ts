// Carries ISR proposals of leaders to the controller (AlterPartition, KIP-497): those of one moment
// together, one request in flight.

import { type Clock, type Logger, TaskScope, TimeoutError, type Timer } from '@klamm/base/env'
import {
  AlterPartition,
  type AlterPartitionResponse,
  errorCodes,
  errorNameOf,
} from '@klamm/protocol'
import type { ControllerChannel } from '../network/controller-channel.ts'
import type { Partition } from '../partition/partition.ts'
import type { IsrProposal, PartitionLeader } from '../replica/index.ts'

export interface IsrProposalsOptions {
  readonly brokerId: number
  readonly brokerEpoch: () => number
  readonly clock: Clock
  readonly log: Logger
  readonly controller: ControllerChannel
  readonly onFailure: (error: unknown) => void
}

/** Then the answer is taken for lost, and the machine decides what that means. */
const timeoutMs = 10_000
const version = 3

interface Pending {
  readonly partition: Partition
  readonly leader: PartitionLeader
  readonly proposal: IsrProposal
}

export class IsrProposals implements AsyncDisposable {
  readonly #options: IsrProposalsOptions
  readonly #scope: TaskScope
  readonly #delayed = new Set<Timer>()
  #sending: Timer | undefined
  /** One per partition: a newer proposal takes the place of one that has not left yet. */
  #queue = new Map<Partition, Pending>()
  #isSending = false

  constructor(options: IsrProposalsOptions) {
    this.#options = options
    this.#scope = new TaskScope((_task, error) => options.onFailure(error))
  }

  propose(partition: Partition, leader: PartitionLeader, proposal: IsrProposal): void {
    if (this.#scope.signal.aborted) return
    if (proposal.delayMs === 0) {
      this.#enqueue({ partition, leader, proposal })
      return
    }
    const timer = this.#options.clock.setTimer(proposal.delayMs, () => {
      this.#delayed.delete(timer)
      this.#enqueue({ partition, leader, proposal })
    })
    this.#delayed.add(timer)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#delayed) timer.cancel()
    this.#delayed.clear()
    this.#sending?.cancel()
    await this.#scope[Symbol.asyncDispose]()
  }

  #enqueue(pending: Pending): void {
    const queued = this.#queue.get(pending.partition)
    // A retry may fire after what it was overtaken by.
    if (queued !== undefined && isNewer(queued.proposal, pending.proposal)) return
    this.#queue.set(pending.partition, pending)
    // Not at once: the other partitions of this moment go along.
    this.#sending ??= this.#options.clock.setTimer(0, () => {
      this.#sending = undefined
      this.#send()
    })
  }

  #send(): void {
    if (this.#isSending || this.#queue.size === 0) return
    this.#isSending = true
    const batch = [...this.#queue.values()]
    this.#queue = new Map()
    this.#scope.spawn('ISR proposals', async signal => {
      try {
        await this.#exchange(batch, signal)
      } finally {
        this.#isSending = false
      }
      this.#send()
    })
  }

  async #exchange(batch: readonly Pending[], signal: AbortSignal): Promise<void> {
    const { controller, brokerId, brokerEpoch, log } = this.#options
    const request = { brokerId, brokerEpoch: brokerEpoch(), topics: topicsOf(batch) }
    try {
      const response = await controller.request(AlterPartition, version, request, {
        timeoutMs,
        signal,
        errorOf: ({ errorCode }) => errorCode,
      })
      this.#answered(batch, response)
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      log.info('the controller did not answer an ISR proposal in time')
      for (const { partition, leader, proposal } of batch) {
        leader.isrProposalFailed('UNKNOWN', proposal)
        partition.performLeader(leader)
      }
    }
  }

  #answered(batch: readonly Pending[], response: AlterPartitionResponse): void {
    for (const { partition, leader, proposal } of batch) {
      const answer = response.topics
        .find(({ topicId }) => topicId === partition.topicId)
        ?.partitions.find(({ partitionIndex }) => partitionIndex === partition.partitionIndex)
      const errorCode = response.errorCode || (answer?.errorCode ?? errorCodes.UNKNOWN_SERVER_ERROR)
      if (errorCode !== errorCodes.NONE || answer === undefined) {
        leader.isrProposalFailed(errorNameOf(errorCode), proposal)
      } else {
        const { leaderEpoch, partitionEpoch, isr } = answer
        // A change is taken from the metadata, which come in order: the controller may have decided
        // it under a min.insync.replicas that this leader has not heard of yet (REP-7).
        if (partitionEpoch <= leader.partition.partitionEpoch) {
          leader.isrCommitted({ leaderEpoch, partitionEpoch, isr }, proposal)
        }
      }
      partition.performLeader(leader)
    }
  }
}

function isNewer(a: IsrProposal, b: IsrProposal): boolean {
  if (a.leaderEpoch !== b.leaderEpoch) return a.leaderEpoch > b.leaderEpoch
  return a.partitionEpoch > b.partitionEpoch
}

function topicsOf(batch: readonly Pending[]) {
  const byTopic = new Map<string, Pending[]>()
  for (const pending of batch) {
    const list = byTopic.get(pending.partition.topicId)
    if (list === undefined) byTopic.set(pending.partition.topicId, [pending])
    else list.push(pending)
  }
  return [...byTopic].map(([topicId, list]) => ({
    topicName: '',
    topicId,
    partitions: list.map(({ partition, proposal }) => ({
      partitionIndex: partition.partitionIndex,
      leaderEpoch: proposal.leaderEpoch,
      newIsr: proposal.isr.map(({ brokerId }) => brokerId),
      newIsrWithEpochs: proposal.isr,
      leaderRecoveryState: 0,
      partitionEpoch: proposal.partitionEpoch,
    })),
  }))
}
