// One member of a classic consumer group: joins, is assigned, keeps itself alive, gives up what it
// is told to, leaves. Decides everything; its driver sends the requests and runs the assignor.
//
//   idle → (revoking) → joining → (assigning) → syncing → (releasing) → stable → …
//
// Eager members give up everything in `revoking`, before they join. Cooperative ones keep what they
// own, learn in the answer to SyncGroup what they must give up, do so in `releasing`, and join
// again so that it can be given to somebody else (KIP-429).

import { assert, Backoff, type Random } from '@klamm/base'
import {
  countOf,
  difference,
  listOf,
  noPartitions,
  type Partitions,
  partitionsOf,
} from '../assignors/partitions.ts'
import { actionFor, type GroupAction, type GroupApi, type GroupError } from './actions.ts'
import type {
  JoinAnswer,
  MemberAssignment,
  MemberIdentity,
  MembershipEffect,
  MembershipOptions,
} from './effects.ts'
import { Liveness } from './liveness.ts'

/** `left` and `failed` are final. */
export type MembershipState =
  | 'idle'
  | 'revoking'
  | 'joining'
  | 'assigning'
  | 'syncing'
  | 'releasing'
  | 'stable'
  | 'leaving'
  | 'left'
  | 'failed'

/** Kafka's "no generation". */
const noGeneration = -1

/**
 * Always true: it owns nothing without a generation; nothing is owned that was not in the last
 * assignment; what is given up was owned.
 */
export class Membership {
  readonly #options: MembershipOptions
  readonly #backoff: Backoff
  readonly #liveness: Liveness
  #state: MembershipState = 'idle'
  #memberId = ''
  #generationId = noGeneration
  #isLeader = false
  #protocolName = ''
  #topics: ReadonlySet<string> = new Set()
  #owned: Partitions = noPartitions
  /** The generation that gave it what it owns: older than its own when a SyncGroup failed. */
  #ownedGenerationId = noGeneration
  /** What SyncGroup said, while the rest is being given up. */
  #assigned: Partitions = noPartitions
  /** Something happened during a rebalance that only another one can take into account. */
  #rejoinReason: string | undefined
  #joinReason = ''
  /** When to send the next JoinGroup; undefined while one is under way. */
  #joinAtMs: number | undefined
  #token = 0
  #effects: MembershipEffect[] = []

  constructor(options: MembershipOptions, random: Random) {
    this.#options = options
    this.#backoff = new Backoff(options.retry, random)
    this.#liveness = new Liveness(options)
  }

  get state(): MembershipState {
    return this.#state
  }

  get owned(): Partitions {
    return this.#owned
  }

  get isLeader(): boolean {
    return this.#isLeader
  }

  get memberId(): string {
    return this.#memberId
  }

  get generationId(): number {
    return this.#generationId
  }

  /**
   * In whose name to commit now; undefined while the generation is about to change (wait until it
   * has) and without one. Never a generation in which the member does not own what it owns.
   */
  get commitIdentity(): MemberIdentity | undefined {
    const isSettled =
      this.#state === 'stable' || this.#state === 'revoking' || this.#state === 'releasing'
    if (!isSettled || this.#generationId === noGeneration) return undefined
    return { memberId: this.#memberId, generationId: this.#generationId }
  }

  /** Hands over the effects since the last call. */
  takeEffects(): readonly MembershipEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /** When `tick` has something to do; undefined: never, as things stand. */
  nextDeadlineMs(): number | undefined {
    const joinAtMs = this.#joinAtMs
    const aliveAtMs = this.#liveness.nextDeadlineMs(this.#sendsHeartbeats, this.#ownsSomething)
    if (joinAtMs === undefined) return aliveAtMs
    return aliveAtMs === undefined ? joinAtMs : Math.min(joinAtMs, aliveAtMs)
  }

  start(topics: Iterable<string>, nowMs: number): void {
    assert(this.#state === 'idle', 'a member starts once')
    this.#topics = new Set(topics)
    this.#prepareJoin('the consumer starts', nowMs)
  }

  /** The topics to subscribe to are others now. */
  subscribe(topics: Iterable<string>, nowMs: number): void {
    this.#topics = new Set(topics)
    this.requestRejoin('the subscription changed', nowMs)
  }

  /** Topics or partitions came or went: the assignment has to be made again. */
  requestRejoin(reason: string, nowMs: number): void {
    if (this.#state === 'stable') this.#prepareJoin(reason, nowMs)
    else if (this.#isInGroup) this.#rejoinReason = reason
  }

  tick(nowMs: number): void {
    if (this.#joinAtMs !== undefined && nowMs >= this.#joinAtMs) this.#sendJoin()
    const liveness = this.#liveness
    if (this.#sendsHeartbeats) {
      const lateMs = liveness.takeStall(nowMs)
      if (lateMs !== undefined) this.#effects.push({ kind: 'stalled', lateMs })
    }
    if (this.#ownsSomething && liveness.takeExpiry(nowMs)) this.#effects.push({ kind: 'suspend' })
    if (this.#sendsHeartbeats && liveness.isHeartbeatDue(nowMs)) {
      const { memberId, generationId } = this
      const token = liveness.heartbeatSent(nowMs)
      this.#effects.push({ kind: 'heartbeat', token, identity: { memberId, generationId } })
    }
  }

  /** What was to be given up is. */
  revoked(token: number, nowMs: number): void {
    if (token !== this.#token) return
    if (this.#state === 'revoking') {
      this.#owned = this.#keptThroughJoin()
      this.#scheduleJoin(nowMs)
    } else if (this.#state === 'releasing') {
      this.#owned = partitionsOf(
        listOf(this.#owned).filter(({ topic, partition }) => {
          return this.#assigned.get(topic)?.includes(partition) === true
        }),
      )
      this.#rejoinReason ??= 'partitions were given up'
      this.#becomeStable(nowMs)
    }
  }

  /** `sentAtMs` is when the request left: the coordinator may count from then on. */
  joined(token: number, answer: JoinAnswer, sentAtMs: number, nowMs: number): void {
    if (token !== this.#token || this.#state !== 'joining') return
    const action = actionFor('join', answer.error)
    if (action === 'adoptMemberId') {
      this.#memberId = answer.memberId
      this.#scheduleJoin(nowMs)
      return
    }
    if (action !== 'succeed') {
      this.#react('join', action, answer.error, nowMs)
      return
    }
    this.#backoff.succeeded()
    this.#memberId = answer.memberId
    this.#generationId = answer.generationId
    this.#protocolName = answer.protocolName
    this.#isLeader = answer.leader === answer.memberId
    this.#liveness.acknowledged(sentAtMs, nowMs)
    this.#resumeIfSuspended()
    if (this.#isLeader && !answer.skipAssignment) {
      this.#state = 'assigning'
      this.#token += 1
      const { protocolName, members } = answer
      this.#effects.push({ kind: 'assign', token: this.#token, protocolName, members })
    } else {
      this.#sendSync([])
    }
  }

  /** What the assignor made. */
  assigned(token: number, assignments: readonly MemberAssignment[]): void {
    if (token !== this.#token || this.#state !== 'assigning') return
    this.#sendSync(assignments)
  }

  /** `partitions` is what the answer assigns; nothing matters of it when there is an error. */
  synced(
    token: number,
    error: GroupError,
    partitions: Partitions,
    sentAtMs: number,
    nowMs: number,
  ): void {
    if (token !== this.#token || this.#state !== 'syncing') return
    const action = actionFor('sync', error)
    if (action !== 'succeed') {
      this.#react('sync', action, error, nowMs)
      return
    }
    this.#liveness.acknowledged(sentAtMs, nowMs)
    const wanted = listOf(partitions).filter(({ topic }) => this.#topics.has(topic))
    this.#assigned = partitionsOf(wanted)
    if (wanted.length !== countOf(partitions)) this.#rejoinReason = 'the subscription changed'
    const surplus = difference(this.#owned, this.#assigned)
    if (countOf(surplus) === 0) {
      this.#becomeStable(nowMs)
      return
    }
    this.#state = 'releasing'
    this.#revoke(surplus)
  }

  heartbeatAnswered(token: number, error: GroupError, nowMs: number): void {
    const sentAtMs = this.#liveness.heartbeatAnswered(token)
    // Of another generation: the join that began it has told more.
    if (sentAtMs === undefined || !this.#sendsHeartbeats) return
    const action = actionFor('heartbeat', error)
    if (action === 'succeed' || action === 'rejoin') {
      this.#liveness.acknowledged(sentAtMs, nowMs)
      this.#effects.push({ kind: 'alive', generationId: this.#generationId })
      this.#resumeIfSuspended()
    }
    if (action === 'succeed') return
    if (action === 'retry' || action === 'findCoordinator') {
      this.#liveness.retryHeartbeat(nowMs + this.#options.retry.initialMs)
      if (action === 'findCoordinator') this.#effects.push({ kind: 'forgetCoordinator' })
      return
    }
    this.#interrupted(action, error, 'heartbeat', nowMs)
  }

  /** A commit in this identity was answered by an error. */
  commitRefused(identity: MemberIdentity, error: GroupError, nowMs: number): void {
    const isCurrent =
      identity.memberId === this.#memberId && identity.generationId === this.#generationId
    if (!isCurrent || !this.#sendsHeartbeats) return
    const action = actionFor('commit', error)
    // Of the failures only this one concerns the member; the others concern the commit.
    if (action === 'fail' && error !== 'FENCED_INSTANCE_ID') return
    if (action === 'findCoordinator') this.#effects.push({ kind: 'forgetCoordinator' })
    else if (action !== 'retry') this.#interrupted(action, error, 'commit', nowMs)
  }

  /** Everything was given up before. A static member stays in the group until its session ends. */
  leave(): void {
    if (this.#isFinal || this.#state === 'leaving') return
    this.#joinAtMs = undefined
    this.#token += 1
    this.#owned = noPartitions
    if (this.#options.groupInstanceId !== undefined || this.#memberId === '') {
      this.#state = 'left'
      return
    }
    this.#state = 'leaving'
    this.#effects.push({ kind: 'leave', token: this.#token, memberId: this.#memberId })
  }

  /** Whether it was understood; else it may be tried again while there is time. */
  leaveAnswered(token: number, error: GroupError): boolean {
    if (token !== this.#token || this.#state !== 'leaving') return true
    const action = actionFor('leave', error)
    if (action === 'findCoordinator') this.#effects.push({ kind: 'forgetCoordinator' })
    if (action === 'findCoordinator' || action === 'retry') return false
    this.#state = 'left'
    return true
  }

  /** The driver cannot go on: the assignor threw, no common version. */
  fail(error: GroupError, during: string): void {
    if (this.#isFinal) return
    this.#lose()
    this.#token += 1
    this.#joinAtMs = undefined
    this.#state = 'failed'
    this.#effects.push({ kind: 'failed', error, during })
  }

  get #isFinal(): boolean {
    return this.#state === 'left' || this.#state === 'failed'
  }

  get #isInGroup(): boolean {
    return !this.#isFinal && this.#state !== 'leaving' && this.#state !== 'idle'
  }

  /** While a JoinGroup is under way the coordinator waits with the member, not for it. */
  get #sendsHeartbeats(): boolean {
    return this.#generationId !== noGeneration && this.#isInGroup && this.#state !== 'joining'
  }

  get #ownsSomething(): boolean {
    return this.#owned.size > 0 && this.#isInGroup
  }

  /** An answer outside of the dance of join and sync changes what to do. */
  #interrupted(action: GroupAction, error: GroupError, during: GroupApi, nowMs: number): void {
    if (action === 'rejoin') {
      if (this.#state === 'stable') this.#prepareJoin('the group rebalances', nowMs)
      return
    }
    this.#react(during, action, error, nowMs)
  }

  /** After a request that did not succeed. */
  #react(api: GroupApi, action: GroupAction, error: GroupError, nowMs: number): void {
    switch (action) {
      case 'fail':
        this.fail(error, api)
        return
      case 'resetMember':
      case 'resetGeneration':
        this.#lose()
        if (action === 'resetMember') this.#memberId = ''
        this.#generationId = noGeneration
        this.#isLeader = false
        this.#joinReason = `the coordinator said ${error}`
        break
      case 'findCoordinator':
        this.#effects.push({ kind: 'forgetCoordinator' })
        break
      default:
    }
    this.#token += 1
    this.#state = 'joining'
    const isNews = action === 'rejoin' || action === 'resetMember' || action === 'resetGeneration'
    this.#joinAtMs = isNews && api !== 'join' ? nowMs : nowMs + this.#backoff.failed()
    if (this.#joinAtMs <= nowMs) this.#sendJoin()
  }

  #prepareJoin(reason: string, nowMs: number): void {
    this.#joinReason = reason
    const surplus = difference(this.#owned, this.#keptThroughJoin())
    if (countOf(surplus) === 0) {
      this.#scheduleJoin(nowMs)
      return
    }
    this.#state = 'revoking'
    this.#revoke(surplus)
  }

  #keptThroughJoin(): Partitions {
    if (!this.#options.isCooperative) return noPartitions
    return partitionsOf(listOf(this.#owned).filter(({ topic }) => this.#topics.has(topic)))
  }

  #scheduleJoin(nowMs: number): void {
    this.#state = 'joining'
    this.#joinAtMs = nowMs
    this.#sendJoin()
  }

  #sendJoin(): void {
    this.#joinAtMs = undefined
    // Whatever was to be taken into account by another join is, by this one.
    this.#rejoinReason = undefined
    this.#token += 1
    this.#effects.push({
      kind: 'join',
      token: this.#token,
      memberId: this.#memberId,
      owned: this.#owned,
      generationId: this.#ownedGenerationId,
      reason: this.#joinReason,
    })
  }

  #sendSync(assignments: readonly MemberAssignment[]): void {
    this.#state = 'syncing'
    this.#token += 1
    this.#effects.push({
      kind: 'sync',
      token: this.#token,
      identity: { memberId: this.#memberId, generationId: this.#generationId },
      protocolName: this.#protocolName,
      assignments,
    })
  }

  #revoke(partitions: Partitions): void {
    this.#token += 1
    this.#effects.push({ kind: 'revoke', token: this.#token, partitions })
  }

  #becomeStable(nowMs: number): void {
    const added = difference(this.#assigned, this.#owned)
    this.#owned = this.#assigned
    this.#ownedGenerationId = this.#generationId
    this.#state = 'stable'
    this.#effects.push({
      kind: 'own',
      partitions: this.#owned,
      added,
      generationId: this.#generationId,
      isLeader: this.#isLeader,
    })
    if (this.#rejoinReason !== undefined) this.#prepareJoin(this.#rejoinReason, nowMs)
  }

  #lose(): void {
    this.#liveness.takeSuspension()
    this.#ownedGenerationId = noGeneration
    if (countOf(this.#owned) === 0) return
    this.#effects.push({ kind: 'lose', partitions: this.#owned })
    this.#owned = noPartitions
  }

  #resumeIfSuspended(): void {
    if (this.#liveness.takeSuspension()) this.#effects.push({ kind: 'resume' })
  }
}
