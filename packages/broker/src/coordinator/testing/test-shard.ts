// A group shard with the least possible driver around it: a log in memory, a clock that is moved by
// hand, commits that can be held back and appends that can be refused.

import { assert } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import type { GroupChange } from '../groups/effects.ts'
import { Groups } from '../groups/groups.ts'
import type { GroupOperation, RequestOperation } from '../groups/operation.ts'
import type { GroupRecord } from '../groups/records.ts'
import {
  defaultGroupConfig,
  type GroupConfig,
  type HeartbeatRequest,
  type JoinReply,
  type JoinRequest,
  type LeaveReply,
  type LeavingMember,
  type OffsetCommitReply,
  type OffsetCommitRequest,
  type OffsetFetchReply,
  type SyncReply,
  type SyncRequest,
} from '../groups/types.ts'
import type { Instant, Ticket } from '../shard/outcome.ts'
import { type Machine, Shard } from '../shard/shard.ts'
import type { DueTimer } from '../shard/timers.ts'

/** Something asked of the shard, and what has become of it. */
export class Asked<Reply> implements Ticket<Reply> {
  readonly id: number
  #reply: Reply | undefined
  #error: ErrorName | undefined

  constructor(id: number) {
    this.id = id
  }

  get isAnswered(): boolean {
    return this.#reply !== undefined || this.#error !== undefined
  }

  /** The request as a whole was refused with it. */
  get error(): ErrorName | undefined {
    return this.#error
  }

  get reply(): Reply {
    assert(this.#error === undefined, 'the request was not refused', () => `${this.#error}`)
    assert(this.#reply !== undefined, 'the request has been answered')
    return this.#reply
  }

  settle(reply: unknown, error: ErrorName | undefined): void {
    assert(!this.isAnswered, 'a request is answered once')
    this.#reply = reply as Reply
    this.#error = error
  }
}

/** What a log holds: batches of records, each with where it ends. */
export interface TestLog {
  readonly batches: { readonly records: readonly GroupRecord[]; readonly endOffset: number }[]
  endOffset: number
}

export type GroupMachine = Machine<GroupOperation, GroupRecord, GroupChange>

interface TestShardOptions {
  readonly config?: Partial<GroupConfig>
  readonly log?: TestLog
  readonly nowMs?: number
  /** Puts a mistake around the groups, to see whether somebody notices. */
  readonly wrap?: (groups: Groups) => GroupMachine
  /** Told of everything that is answered, in order. */
  readonly onAnswer?: (asked: Asked<unknown>) => void
}

export class TestShard {
  readonly groups: Groups
  readonly log: TestLog
  readonly config: GroupConfig
  /** False: what is appended is committed when `commit` says so. */
  commitsAtOnce = true
  /** Set: the log takes nothing. */
  refusal: ErrorName | undefined
  readonly #shard: Shard<GroupOperation, GroupRecord, GroupChange>
  readonly #onAnswer: (asked: Asked<unknown>) => void
  #nowMs: number
  #askedCount = 0

  constructor(options: TestShardOptions = {}) {
    this.config = { ...defaultGroupConfig, initialRebalanceDelayMs: 0, ...options.config }
    this.groups = new Groups(this.config)
    this.log = options.log ?? { batches: [], endOffset: 0 }
    this.#nowMs = options.nowMs ?? 0
    this.#onAnswer = options.onAnswer ?? (() => {})
    this.#shard = new Shard(options.wrap?.(this.groups) ?? this.groups, {
      commitTimeoutMs: this.config.commitTimeoutMs,
      appendRetryMs: 1_000,
    })
    for (const { records } of this.log.batches) {
      for (const record of records) this.#shard.load(record, this.at)
    }
    this.#shard.loaded(this.log.endOffset, this.at)
    this.#deliver()
  }

  get at(): Instant {
    return { nowMs: this.#nowMs, wallMs: wallOf(this.#nowMs) }
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get committedOffset(): number {
    return this.#shard.committedOffset
  }

  /** Moves the clock, running each timer at its own deadline. */
  advance(byMs: number): void {
    const until = this.#nowMs + byMs
    for (;;) {
      const next = this.#shard.nextDeadlineMs()
      if (next === undefined || next > until) break
      this.#nowMs = Math.max(this.#nowMs, next)
      this.runDue()
    }
    this.#nowMs = until
  }

  nextDeadlineMs(): number | undefined {
    return this.#shard.nextDeadlineMs()
  }

  /** Runs what is due now. */
  runDue(): void {
    for (;;) {
      const due = this.#shard.takeDue(this.#nowMs)
      if (due === undefined) break
      this.#run(due.operation, due)
    }
    this.#deliver()
  }

  /** Everything appended, or up to `offset`, is committed. */
  commit(offset = this.log.endOffset): void {
    this.#shard.committed(offset, this.at)
    this.#deliver()
  }

  schedule(key: string, operation: GroupOperation): void {
    this.#shard.schedule(key, operation, this.#nowMs)
  }

  /** Another shard that has the same log, as after a fail-over. */
  failOver(options: Omit<TestShardOptions, 'log'> = {}): TestShard {
    const log = { batches: [...this.log.batches], endOffset: this.log.endOffset }
    return new TestShard({ nowMs: this.#nowMs, config: this.config, ...options, log })
  }

  ask<Reply>(make: (ticket: Ticket<Reply>) => RequestOperation): Asked<Reply> {
    this.#askedCount += 1
    const asked = new Asked<Reply>(this.#askedCount)
    this.#run(make(asked), undefined)
    this.#deliver()
    return asked
  }

  join(request: Partial<JoinRequest>, newMemberId?: string): Asked<JoinReply> {
    const full = { ...joinDefaults, ...request }
    const { groupInstanceId, clientId } = full
    const id = newMemberId ?? `${groupInstanceId ?? clientId}-${this.#askedCount + 1}`
    return this.ask(ticket => ({ kind: 'join', request: full, newMemberId: id, ticket }))
  }

  sync(request: Partial<SyncRequest>): Asked<SyncReply> {
    const full = { ...syncDefaults, ...request }
    return this.ask(ticket => ({ kind: 'sync', request: full, ticket }))
  }

  heartbeat(request: Partial<HeartbeatRequest>): ErrorName {
    const full = { groupId: 'g', memberId: '', generationId: 1, ...noInstance, ...request }
    return this.ask<ErrorName>(ticket => ({ kind: 'heartbeat', request: full, ticket })).reply
  }

  leave(members: readonly Partial<LeavingMember>[], groupId = 'g'): Asked<LeaveReply> {
    const leaving = members.map(member => ({ memberId: '', ...noInstance, ...member }))
    const request = { groupId, members: leaving }
    return this.ask(ticket => ({ kind: 'leave', request, ticket }))
  }

  commitOffset(
    offset: number,
    request: Partial<OffsetCommitRequest> = {},
    metadata = '',
  ): Asked<OffsetCommitReply> {
    const partitions = [{ partition: 0, offset, leaderEpoch: 5, metadata }]
    const topics = [{ topic: 't', topicId: undefined, partitions }]
    const full = { ...commitDefaults, topics, ...request }
    return this.ask(ticket => ({ kind: 'commitOffsets', request: full, ticket }))
  }

  fetch(requireStable = false, groupId = 'g'): Asked<OffsetFetchReply> {
    const request = { groupId, topics: undefined, requireStable }
    return this.ask(ticket => ({ kind: 'fetchOffsets', request, ticket }))
  }

  /** The committed offset of the partition; -1 when there is none. */
  committedOffsetOf(groupId = 'g', topic = 't', partition = 0): number {
    const topics = [{ topic, topicId: undefined, partitions: [partition] }]
    const request = { groupId, topics, requireStable: false }
    const asked = this.ask<OffsetFetchReply>(ticket => ({ kind: 'fetchOffsets', request, ticket }))
    return asked.reply.topics[0]?.partitions[0]?.offset ?? -2
  }

  #run(operation: GroupOperation, timer: DueTimer<GroupOperation> | undefined): void {
    const { at } = this
    const outcome = this.#shard.decide(operation, at)
    if (outcome.records.length > 0) {
      if (this.refusal !== undefined) {
        this.#shard.refused(operation, this.refusal, timer, at)
        return
      }
      this.log.endOffset += outcome.records.length
      this.log.batches.push({ records: outcome.records, endOffset: this.log.endOffset })
    }
    this.#shard.appended(outcome, this.log.endOffset, at)
    this.groups.check()
    if (this.commitsAtOnce) this.#shard.committed(this.log.endOffset, at)
  }

  #deliver(): void {
    this.groups.check()
    for (const { ticket, reply, error } of this.#shard.takeAnswers()) {
      assert(ticket instanceof Asked, 'tickets come from here')
      ticket.settle(reply, error)
      this.#onAnswer(ticket)
    }
  }
}

/** The wall clock runs along with the other one, from some day on. */
function wallOf(nowMs: number): number {
  return 1_700_000_000_000 + nowMs
}

const noInstance = { groupInstanceId: undefined }

const joinDefaults: JoinRequest = {
  groupId: 'g',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  memberId: '',
  groupInstanceId: undefined,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: new Uint8Array([1]) }],
  clientId: 'client',
  clientHost: '/127.0.0.1',
  requiresKnownMemberId: false,
  supportsSkippingAssignment: true,
}

const syncDefaults: SyncRequest = {
  groupId: 'g',
  generationId: 1,
  memberId: '',
  groupInstanceId: undefined,
  protocolType: undefined,
  protocolName: undefined,
  assignments: [],
}

const commitDefaults: OffsetCommitRequest = {
  groupId: 'g',
  generationId: -1,
  memberId: '',
  groupInstanceId: undefined,
  retentionMs: undefined,
  knowsGroupIdNotFound: true,
  topics: [],
}
