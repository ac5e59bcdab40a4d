// Sends offsets to the coordinator: one request at a time, so that none overtakes another; always
// in the generation in which the partitions are owned; never while that is about to change.

import { backoffMs } from '@klamm/base'
import type { Timer } from '@klamm/base/env'
import {
  type ErrorName,
  errorNameOf,
  OffsetCommit,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from '@klamm/protocol'
import type { TopicPartition } from '../assignors/partitions.ts'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import { actionFor, type GroupError } from '../membership/actions.ts'
import type { MemberIdentity } from '../membership/effects.ts'
import type { EventHub } from './events.ts'
import type { OwnedPartition } from './owned-partition.ts'

/** What a program commits: `offset` is the next one to read. */
export interface OffsetToCommit extends TopicPartition {
  readonly offset: number
  readonly leaderEpoch?: number | undefined
  /** Text that is kept with it, up to 4 KiB. */
  readonly metadata?: string | undefined
}

/** How long a commit is tried, in ms: the coordinator may be moving. */
const commitTimeoutMs = 60_000

/** Until OffsetCommit v10 topics are told by name. */
const maxVersion = 9

interface Ticket {
  remaining: number
  error: unknown
  readonly done: PromiseWithResolvers<void>
}

interface Pending extends OffsetToCommit {
  readonly owner: OwnedPartition<never, never> | undefined
  readonly tickets: Ticket[]
  readonly deadlineMs: number
}

type AnyOwned = OwnedPartition<never, never>

interface CommitsOptions {
  readonly core: ClientCore
  readonly events: EventHub
  readonly groupId: string
  readonly groupInstanceId: string | undefined
  /** In whose name; undefined: wait until `kick`. */
  readonly identity: () => MemberIdentity | undefined
  readonly onRefused: (identity: MemberIdentity, error: GroupError) => void
}

export class Commits {
  readonly #options: CommitsOptions
  #pending = new Map<string, Pending>()
  #isSending = false
  #failures = 0
  #timer: Timer | undefined
  #retryAtMs = 0
  #isClosed = false
  #idle: PromiseWithResolvers<void> | undefined

  constructor(options: CommitsOptions) {
    this.#options = options
  }

  /**
   * Resolves when the coordinator has them. Rejects with the first error that does not pass; with
   * ILLEGAL_GENERATION for partitions that were taken away meanwhile.
   */
  commit(
    offsets: readonly (OffsetToCommit & { readonly owner?: AnyOwned | undefined })[],
  ): Promise<void> {
    if (this.#isClosed) return Promise.reject(closedError())
    if (offsets.length === 0) return Promise.resolve()
    const ticket: Ticket = {
      remaining: offsets.length,
      error: undefined,
      done: Promise.withResolvers(),
    }
    // Nobody has to wait for it.
    ticket.done.promise.catch(() => {})
    const deadlineMs = this.#options.core.env.clock.monotonicMs() + commitTimeoutMs
    for (const offset of offsets) {
      const key = `${offset.topic}-${offset.partition}`
      const tickets = this.#pending.get(key)?.tickets ?? []
      tickets.push(ticket)
      this.#pending.set(key, { ...offset, owner: offset.owner, tickets, deadlineMs })
    }
    // What is asked for in the same turn travels together.
    void Promise.resolve().then(() => this.kick())
    return ticket.done.promise
  }

  /** Sends what waits, if that is possible now. */
  kick(): void {
    if (this.#isSending || this.#pending.size === 0 || this.#isClosed) return
    const identity = this.#options.identity()
    if (identity === undefined) return
    const { clock } = this.#options.core.env
    const waitMs = this.#retryAtMs - clock.monotonicMs()
    if (waitMs > 0) {
      this.#timer ??= clock.setTimer(waitMs, () => {
        this.#timer = undefined
        this.kick()
      })
      return
    }
    const batch = this.#pending
    this.#pending = new Map()
    this.#isSending = true
    this.#options.core.scope.spawn('commit', async () => {
      await this.#send(batch, identity)
      this.#isSending = false
      this.kick()
      this.#checkIdle()
    })
  }

  /** Resolves when nothing waits to be committed. */
  async whenIdle(): Promise<void> {
    while (!this.#isClosed && (this.#isSending || this.#pending.size > 0)) {
      this.#idle ??= Promise.withResolvers()
      await this.#idle.promise
    }
  }

  /** These partitions are not ours any more: what was not committed will not be. */
  drop(partitions: Iterable<AnyOwned>): void {
    for (const { key } of partitions) {
      const pending = this.#pending.get(key)
      if (pending === undefined) continue
      this.#pending.delete(key)
      this.#reject(pending, goneError(pending))
    }
    this.#checkIdle()
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#timer = undefined
    for (const pending of this.#pending.values()) this.#reject(pending, closedError())
    this.#pending.clear()
    this.#checkIdle()
  }

  #checkIdle(): void {
    if (!this.#isClosed && (this.#isSending || this.#pending.size > 0)) return
    this.#idle?.resolve()
    this.#idle = undefined
  }

  async #send(batch: ReadonlyMap<string, Pending>, identity: MemberIdentity): Promise<void> {
    const { core, groupId } = this.#options
    let response: OffsetCommitResponse
    try {
      const { signal } = core.scope
      const brokerId = await core.coordinators.find('group', groupId, { signal })
      const body = this.#request(batch, identity)
      const options = { maxVersion, signal }
      response = await core.brokers.request(brokerId, OffsetCommit, body, options)
    } catch (error) {
      this.#unanswered(batch, error)
      return
    }
    const codes = new Map<string, ErrorName>()
    for (const { name, partitions } of response.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        codes.set(`${name}-${partitionIndex}`, errorNameOf(errorCode))
      }
    }
    this.#answered(batch, identity, codes)
  }

  #answered(
    batch: ReadonlyMap<string, Pending>,
    identity: MemberIdentity,
    codes: ReadonlyMap<string, ErrorName>,
  ): void {
    let firstError: ErrorName | undefined
    for (const [key, pending] of batch) {
      const error = codes.get(key) ?? 'UNKNOWN_SERVER_ERROR'
      const action = actionFor('commit', error)
      if (action === 'succeed') {
        if (pending.owner !== undefined) pending.owner.committed = pending.offset
        this.#resolve(pending)
        continue
      }
      firstError ??= error
      if (action === 'findCoordinator') {
        this.#options.core.coordinators.forget('group', this.#options.groupId)
      }
      const comesAgain = action === 'retry' || action === 'findCoordinator' || action === 'rejoin'
      if (comesAgain) this.#again(key, pending, commitError(error, pending))
      else this.#reject(pending, commitError(error, pending))
    }
    this.#tell(batch, firstError === undefined ? undefined : commitError(firstError))
    if (firstError === undefined) {
      this.#failures = 0
      return
    }
    this.#backOff()
    this.#options.onRefused(identity, firstError)
  }

  #unanswered(batch: ReadonlyMap<string, Pending>, error: unknown): void {
    this.#tell(batch, error)
    const { core, groupId } = this.#options
    const comesAgain = KafkaError.is(error) && error.retriable
    if (comesAgain) core.coordinators.forget('group', groupId)
    for (const [key, pending] of batch) {
      if (comesAgain) this.#again(key, pending, error)
      else this.#reject(pending, error)
    }
    this.#backOff()
  }

  /** Puts it back, unless a newer one waits already, or it is too late. */
  #again(key: string, pending: Pending, error: unknown): void {
    const { clock } = this.#options.core.env
    if (this.#isClosed || clock.monotonicMs() >= pending.deadlineMs) {
      this.#reject(pending, error)
      return
    }
    if (pending.owner?.state === 'gone') {
      this.#reject(pending, goneError(pending))
      return
    }
    const newer = this.#pending.get(key)
    if (newer === undefined) this.#pending.set(key, pending)
    else newer.tickets.push(...pending.tickets)
  }

  #backOff(): void {
    const { env, options } = this.#options.core
    this.#failures += 1
    const waitMs = backoffMs(options.retry, this.#failures, env.random)
    this.#retryAtMs = env.clock.monotonicMs() + waitMs
  }

  #request(batch: ReadonlyMap<string, Pending>, identity: MemberIdentity): OffsetCommitRequest {
    const byTopic = new Map<string, OffsetCommitRequest['topics'][number]['partitions'][number][]>()
    for (const { topic, partition, offset, leaderEpoch, metadata } of batch.values()) {
      const partitions = byTopic.get(topic) ?? []
      byTopic.set(topic, partitions)
      partitions.push({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: leaderEpoch ?? -1,
        committedMetadata: metadata ?? '',
      })
    }
    return {
      groupId: this.#options.groupId,
      generationIdOrMemberEpoch: identity.generationId,
      memberId: identity.memberId,
      groupInstanceId: this.#options.groupInstanceId ?? null,
      retentionTimeMs: -1,
      topics: [...byTopic].map(([name, partitions]) => {
        return { name, topicId: noTopicId, partitions }
      }),
    }
  }

  #tell(batch: ReadonlyMap<string, Pending>, error: unknown): void {
    const { core, events, groupId } = this.#options
    const offsets = [...batch.values()].map(({ topic, partition, offset }) => {
      return { topic, partition, offset }
    })
    events.emit('commit', { offsets, error })
    const { consumerCommit } = core.diagnostics
    if (!consumerCommit.hasSubscribers) return
    consumerCommit.publish({ clientId: core.clientId, groupId, offsets, error })
  }

  #resolve(pending: Pending): void {
    for (const ticket of pending.tickets) this.#settle(ticket)
  }

  #reject(pending: Pending, error: unknown): void {
    for (const ticket of pending.tickets) {
      ticket.error ??= error
      this.#settle(ticket)
    }
  }

  #settle(ticket: Ticket): void {
    ticket.remaining -= 1
    if (ticket.remaining > 0) return
    if (ticket.error === undefined) ticket.done.resolve()
    else ticket.done.reject(ticket.error)
  }
}

const noTopicId = 'AAAAAAAAAAAAAAAAAAAAAA'

function commitError(error: ErrorName, at?: TopicPartition): KafkaError {
  const where = at === undefined ? '' : ` of ${at.topic}-${at.partition}`
  return new KafkaError(error, `the commit${where} was refused: ${error}`, {
    ...(at === undefined ? {} : { topic: at.topic, partition: at.partition }),
  })
}

function goneError({ topic, partition }: TopicPartition): KafkaError {
  const message = `${topic}-${partition} was taken away before its offset was committed`
  return new KafkaError('ILLEGAL_GENERATION', message, { topic, partition })
}

function closedError(): KafkaError {
  return new KafkaError('ERR_CLOSED', 'the consumer was closed')
}
