// Drives one membership: sends its requests to the coordinator, runs the assignor when it leads,
// and has the consumer give up and take over partitions, in the order that the machine says.

import type { Timer } from '@klamm/base/env'
import {
  DecodeError,
  errorNameOf,
  Heartbeat,
  JoinGroup,
  type JoinGroupResponse,
  LeaveGroup,
  SyncGroup,
} from '@klamm/protocol'
import { noPartitions, type Partitions } from '../assignors/partitions.ts'
import { isCooperative } from '../assignors/registry.ts'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import type { GroupError } from '../membership/actions.ts'
import type { JoinAnswer, MembershipEffect } from '../membership/effects.ts'
import { Membership } from '../membership/membership.ts'
import type { MetadataChange } from '../metadata/watch.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import { assignedPartitions, assignGroup, type Ownership, subscriptionFor } from './leader.ts'

/** What the consumer does at the group's word. */
export interface GroupHost {
  /** Stops these, waits for their handlers, commits; resolves in any case, in bounded time. */
  revoke(partitions: Partitions): Promise<void>
  /** These are somebody else's already. */
  lose(partitions: Partitions): void
  own(partitions: Partitions, added: Partitions, generationId: number, isLeader: boolean): void
  suspend(): void
  resume(): void
  alive(generationId: number): void
  stalled(lateMs: number): void
  /** Commits that wait may be possible now. */
  settled(): void
  failed(error: KafkaError): void
}

type Effect<K extends MembershipEffect['kind']> = Extract<MembershipEffect, { kind: K }>

/** Beyond the rebalance timeout, for the answer to come, in ms. */
const graceMs = 5_000

export class Group {
  readonly membership: Membership
  readonly #core: ClientCore
  readonly #options: ResolvedConsumerOptions<unknown, unknown>
  readonly #groupId: string
  readonly #host: GroupHost
  #topics: ReadonlySet<string> = new Set()
  #last: Ownership = { owned: noPartitions, generationId: -1 }
  /** Partition counts that this member, as the leader, has assigned by. */
  #assignedBy: ReadonlyMap<string, number> | undefined
  /** Topics of other members, whose growth concerns the leader. */
  readonly #othersWatch
  #timer: Timer | undefined
  #cause: unknown
  #left: PromiseWithResolvers<void> | undefined
  #isDriving = false

  constructor(
    core: ClientCore,
    options: ResolvedConsumerOptions<unknown, unknown>,
    groupId: string,
    host: GroupHost,
  ) {
    this.#core = core
    this.#options = options
    this.#groupId = groupId
    this.#host = host
    this.membership = new Membership(
      {
        groupInstanceId: options.groupInstanceId,
        sessionTimeoutMs: options.sessionTimeoutMs,
        heartbeatIntervalMs: options.heartbeatIntervalMs,
        isCooperative: isCooperative(options.assignors),
        retry: core.options.retry,
      },
      core.env.random,
    )
    this.#othersWatch = core.metadata.watch([])
    this.#othersWatch.onChange(change => this.metadataChanged(change, this.#topics))
  }

  start(topics: ReadonlySet<string>): void {
    this.#topics = topics
    this.#input(nowMs => this.membership.start(topics, nowMs))
  }

  /** What metadata says is new; `topics` is what to subscribe to by now. */
  metadataChanged(change: MetadataChange, topics: ReadonlySet<string>): void {
    if (!isSameSet(topics, this.#topics)) {
      this.#topics = topics
      this.#input(nowMs => this.membership.subscribe(topics, nowMs))
      return
    }
    const { membership } = this
    const assignedBy = this.#assignedBy
    if (!membership.isLeader || assignedBy === undefined) return
    const grown = change.changed.find(({ name, partitions }) => {
      const before = assignedBy.get(name)
      return before !== undefined && before !== partitions.length
    })
    const gone = change.gone.find(name => (assignedBy.get(name) ?? 0) > 0)
    const topic = grown?.name ?? gone
    if (topic === undefined) return
    this.#input(nowMs => membership.requestRejoin(`the partitions of ${topic} changed`, nowMs))
  }

  commitRefused(
    identity: { readonly memberId: string; readonly generationId: number },
    error: GroupError,
  ): void {
    this.#input(nowMs => this.membership.commitRefused(identity, error, nowMs))
  }

  /**
   * Leaves the group, if that is how this member ends. Resolves when the coordinator knows, or when
   * the signal aborts. Everything was given up before.
   */
  async leave(signal: AbortSignal): Promise<void> {
    this.#left ??= Promise.withResolvers()
    const { promise, resolve } = this.#left
    const onAbort = (): void => resolve()
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', onAbort, { once: true })
    this.#input(() => this.membership.leave())
    await promise
    signal.removeEventListener('abort', onAbort)
    this.stop()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#othersWatch[Symbol.dispose]()
    this.#left?.resolve()
  }

  #input(tell: (nowMs: number) => void): void {
    tell(this.#nowMs)
    this.#drive()
  }

  get #nowMs(): number {
    return this.#core.env.clock.monotonicMs()
  }

  #drive(): void {
    // A host that calls back in here is served by the loop that is running.
    if (this.#isDriving) return
    this.#isDriving = true
    const { membership } = this
    for (;;) {
      const effects = membership.takeEffects()
      if (effects.length === 0) break
      for (const effect of effects) this.#perform(effect)
    }
    this.#isDriving = false
    if (membership.state === 'left' || membership.state === 'failed') this.#left?.resolve()
    if (membership.commitIdentity !== undefined) this.#host.settled()
    this.#setTimer()
  }

  #setTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const atMs = this.membership.nextDeadlineMs()
    if (atMs === undefined) return
    this.#timer = this.#core.env.clock.setTimer(Math.max(0, atMs - this.#nowMs), () => {
      this.#timer = undefined
      this.#input(nowMs => this.membership.tick(nowMs))
    })
  }

  #perform(effect: MembershipEffect): void {
    const host = this.#host
    switch (effect.kind) {
      case 'join':
        this.#spawn('join', signal => this.#join(effect, signal))
        break
      case 'assign':
        this.#spawn('assign', signal => this.#assign(effect, signal))
        break
      case 'sync':
        this.#spawn('sync', signal => this.#sync(effect, signal))
        break
      case 'heartbeat':
        this.#spawn('heartbeat', signal => this.#heartbeat(effect, signal))
        break
      case 'leave':
        this.#spawn('leave', signal => this.#leave(effect, signal))
        break
      case 'forgetCoordinator':
        this.#core.coordinators.forget('group', this.#groupId)
        break
      case 'revoke':
        this.#spawn('revoke', async () => {
          await host.revoke(effect.partitions)
          this.#input(nowMs => this.membership.revoked(effect.token, nowMs))
        })
        break
      case 'lose':
        host.lose(effect.partitions)
        break
      case 'own':
        this.#last = { owned: effect.partitions, generationId: effect.generationId }
        host.own(effect.partitions, effect.added, effect.generationId, effect.isLeader)
        break
      case 'failed':
        host.failed(this.#failure(effect))
        break
      default:
        this.#performSign(effect)
    }
  }

  #performSign(effect: Effect<'suspend' | 'resume' | 'stalled' | 'alive'>): void {
    const host = this.#host
    switch (effect.kind) {
      case 'suspend':
        host.suspend()
        break
      case 'resume':
        host.resume()
        break
      case 'stalled':
        host.stalled(effect.lateMs)
        break
      default:
        host.alive(effect.generationId)
    }
  }

  #spawn(task: string, work: (signal: AbortSignal) => Promise<void>): void {
    this.#core.scope.spawn(task, work)
  }

  async #join(effect: Effect<'join'>, signal: AbortSignal): Promise<void> {
    const { groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options
    const { token, memberId, owned, generationId, reason } = effect
    let sentAtMs = this.#nowMs
    const answer = await this.#ask(signal, async brokerId => {
      sentAtMs = this.#nowMs
      const now = { owned, generationId }
      const protocols = this.#options.assignors.map(assignor => {
        const { rackId } = this.#options
        const metadata = subscriptionFor(assignor, this.#topics, now, this.#last, rackId)
        return { name: assignor.name, metadata }
      })
      const body = {
        groupId: this.#groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId,
        groupInstanceId: groupInstanceId ?? null,
        protocolType: 'consumer',
        protocols,
        reason,
      }
      const response = await this.#core.brokers.request(
        brokerId,
        JoinGroup,
        version => {
          if (groupInstanceId !== undefined && version < 5) throw tooOldForStaticMembers()
          return body
        },
        { lane: 'coordinator', timeoutMs: rebalanceTimeoutMs + graceMs, signal },
      )
      return joinAnswer(response)
    })
    const joined = typeof answer === 'string' ? { ...noAnswer, error: answer } : answer
    this.#input(nowMs => this.membership.joined(token, joined, sentAtMs, nowMs))
  }

  async #assign(effect: Effect<'assign'>, signal: AbortSignal): Promise<void> {
    const { token, protocolName, members } = effect
    const assignor = this.#options.assignors.find(({ name }) => name === protocolName)
    try {
      if (assignor === undefined) {
        const message = `the group chose ${protocolName}, which this member does not have`
        throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', message)
      }
      const assigned = await assignGroup(this.#core, assignor, members, signal)
      this.#assignedBy = assigned.partitionCounts
      this.#othersWatch.update(
        [...assigned.partitionCounts.keys()].filter(topic => !this.#topics.has(topic)),
      )
      this.#input(() => this.membership.assigned(token, assigned.assignments))
    } catch (error) {
      if (signal.aborted) return
      this.#cause = error
      this.#input(() => this.membership.fail('UNKNOWN_SERVER_ERROR', 'assignment'))
    }
  }

  async #sync(effect: Effect<'sync'>, signal: AbortSignal): Promise<void> {
    const { token, identity, protocolName, assignments } = effect
    let sentAtMs = this.#nowMs
    let partitions = noPartitions
    const error = await this.#ask(signal, async brokerId => {
      sentAtMs = this.#nowMs
      const body = {
        groupId: this.#groupId,
        ...identity,
        groupInstanceId: this.#options.groupInstanceId ?? null,
        protocolType: 'consumer',
        protocolName,
        assignments,
      }
      const response = await this.#core.brokers.request(brokerId, SyncGroup, body, {
        lane: 'coordinator',
        timeoutMs: this.#options.rebalanceTimeoutMs + graceMs,
        signal,
      })
      const answered = errorNameOf(response.errorCode)
      if (answered === 'NONE') partitions = readAssignment(response.assignment)
      return answered
    })
    this.#input(nowMs => this.membership.synced(token, error, partitions, sentAtMs, nowMs))
  }

  async #heartbeat(effect: Effect<'heartbeat'>, signal: AbortSignal): Promise<void> {
    const { token, identity } = effect
    const { sessionTimeoutMs, heartbeatIntervalMs, groupInstanceId } = this.#options
    const timeoutMs = Math.max(heartbeatIntervalMs, Math.floor(sessionTimeoutMs / 3))
    const error = await this.#ask(
      signal,
      async brokerId => {
        const body = {
          groupId: this.#groupId,
          ...identity,
          groupInstanceId: groupInstanceId ?? null,
        }
        const { brokers } = this.#core
        const response = await brokers.request(brokerId, Heartbeat, body, { timeoutMs, signal })
        return errorNameOf(response.errorCode)
      },
      timeoutMs,
    )
    this.#input(nowMs => this.membership.heartbeatAnswered(token, error, nowMs))
  }

  async #leave(effect: Effect<'leave'>, signal: AbortSignal): Promise<void> {
    const { token, memberId } = effect
    const reason = 'the consumer is being closed'
    const { clock } = this.#core.env
    for (;;) {
      const error = await this.#ask(signal, async brokerId => {
        const body = {
          groupId: this.#groupId,
          memberId,
          members: [{ memberId, groupInstanceId: null, reason }],
        }
        const response = await this.#core.brokers.request(brokerId, LeaveGroup, body, { signal })
        const code = response.errorCode || (response.members[0]?.errorCode ?? 0)
        return errorNameOf(code)
      })
      const isUnderstood = this.membership.leaveAnswered(token, error)
      this.#drive()
      if (isUnderstood) return
      await clock.sleep(this.#core.options.retry.initialMs, signal)
    }
  }

  /** What came of a request: the answer, an error code, or that there was no answer. */
  async #ask<T>(
    signal: AbortSignal,
    request: (brokerId: number) => Promise<T>,
    timeoutMs?: number,
  ): Promise<T | GroupError> {
    try {
      const options = { signal, timeoutMs }
      const brokerId = await this.#core.coordinators.find('group', this.#groupId, options)
      return await request(brokerId)
    } catch (error) {
      if (signal.aborted) throw error
      if (!KafkaError.is(error)) throw error
      // An error of FindCoordinator is one of the group's.
      if (error.errno !== undefined) return error.code as GroupError
      if (error.retriable) return 'LOST'
      this.#cause = error
      return 'UNKNOWN_SERVER_ERROR'
    }
  }

  #failure({ error, during }: Effect<'failed'>): KafkaError {
    const cause = this.#cause
    if (KafkaError.is(cause)) return cause
    const code = error === 'LOST' ? 'ERR_CONNECTION' : error
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    const message = `the group ${this.#groupId} refused this member (${during}): ${error}${why}`
    return new KafkaError(code, message, { fatal: true, retriable: false, cause })
  }
}

const noAnswer: JoinAnswer = {
  error: 'LOST',
  memberId: '',
  generationId: -1,
  leader: '',
  protocolName: '',
  skipAssignment: false,
  members: [],
}

function joinAnswer(response: JoinGroupResponse): JoinAnswer {
  return {
    error: errorNameOf(response.errorCode),
    memberId: response.memberId,
    generationId: response.generationId,
    leader: response.leader,
    protocolName: response.protocolName ?? '',
    skipAssignment: response.skipAssignment,
    members: response.members.map(({ memberId, groupInstanceId, metadata }) => {
      return { memberId, groupInstanceId: groupInstanceId ?? undefined, metadata }
    }),
  }
}

function readAssignment(bytes: Uint8Array): Partitions {
  try {
    return assignedPartitions(bytes)
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw new KafkaError('ERR_PROTOCOL', 'the assignment cannot be read', { cause })
  }
}

function tooOldForStaticMembers(): KafkaError {
  return new KafkaError('ERR_UNSUPPORTED_VERSION', 'the broker knows no static members (KIP-345)')
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b)
}
