// Gathers what one operation on a group decides, in the group's vocabulary, and hands it over as an
// outcome.

import type { ErrorName } from '@klamm/protocol/errors'
import type { TimerChange } from '../shard/outcome.ts'
import {
  type Answer,
  answer,
  type Instant,
  type Outcome,
  refusal,
  type Ticket,
} from '../shard/outcome.ts'
import type { ClassicGroup } from './classic/group.ts'
import type { GroupOperation, TopicDeletedOperation } from './operation.ts'
import type { GroupRecord } from './records.ts'
import type { GroupConfig } from './types.ts'

/** What changes in memory only. */
export type GroupChange =
  /** The group is now as given; it is nobody's to change any more. */
  | { readonly kind: 'groupChanged'; readonly group: ClassicGroup }
  | { readonly kind: 'groupForgotten'; readonly groupId: string }

export type GroupOutcome = Outcome<GroupOperation, GroupRecord, GroupChange>

/** Changes nothing, says nothing. */
export const nothing: GroupOutcome = {
  records: [],
  changes: [],
  answers: [],
  timers: [],
  waitsForAppended: false,
}

/** Between batches of one long job, so that it does not hold up everything else. */
const pauseMs = 10

export class Effects {
  readonly at: Instant
  readonly config: GroupConfig
  readonly #records: GroupRecord[] = []
  readonly #answers: Answer[] = []
  readonly #timers: TimerChange<GroupOperation>[] = []
  #waitsForAppended = false

  constructor(at: Instant, config: GroupConfig) {
    this.at = at
    this.config = config
  }

  append(record: GroupRecord): void {
    this.#records.push(record)
  }

  answer<Reply>(ticket: Ticket<Reply>, reply: Reply): void {
    this.#answers.push(answer(ticket, reply))
  }

  refuse(ticket: Ticket<unknown>, error: ErrorName): void {
    this.#answers.push(refusal(ticket, error))
  }

  /** The answers tell of what may not be committed yet. */
  waitForAppended(): void {
    this.#waitsForAppended = true
  }

  /** From now on the member has `timeoutMs` to be heard of again. */
  startSession(groupId: string, memberId: string, timeoutMs: number): void {
    this.#set(sessionKey(groupId, memberId), timeoutMs, {
      kind: 'sessionExpired',
      groupId,
      memberId,
    })
  }

  endSession(groupId: string, memberId: string): void {
    this.#cancel(sessionKey(groupId, memberId))
  }

  startJoinTimer(groupId: string, timeoutMs: number): void {
    this.#set(joinKey(groupId), timeoutMs, { kind: 'joinExpired', groupId })
  }

  stopJoinTimer(groupId: string): void {
    this.#cancel(joinKey(groupId))
  }

  startSyncTimer(groupId: string, generationId: number, timeoutMs: number): void {
    this.#set(syncKey(groupId), timeoutMs, { kind: 'syncExpired', groupId, generationId })
  }

  stopSyncTimer(groupId: string): void {
    this.#cancel(syncKey(groupId))
  }

  /** The next look at the offsets: after the usual interval, or soon. */
  startExpiryTimer(isSoon: boolean): void {
    const timeoutMs = isSoon ? pauseMs : this.config.offsetsRetentionCheckIntervalMs
    this.#set('expireOffsets', timeoutMs, { kind: 'expireOffsets' })
  }

  /** The operation has more to do than fits one batch. */
  continueSoon(operation: TopicDeletedOperation): void {
    this.#set(topicKey(operation), pauseMs, operation)
  }

  outcome(changes: readonly GroupChange[]): GroupOutcome {
    return {
      records: this.#records,
      changes,
      answers: this.#answers,
      timers: this.#timers,
      waitsForAppended: this.#waitsForAppended,
    }
  }

  #set(key: string, timeoutMs: number, operation: GroupOperation): void {
    this.#timers.push({ key, deadlineMs: this.at.nowMs + timeoutMs, operation })
  }

  #cancel(key: string): void {
    this.#timers.push({ key, deadlineMs: undefined, operation: undefined })
  }
}

/** The length keeps group `a b` apart from group `a` with a member `b ...`. */
function sessionKey(groupId: string, memberId: string): string {
  return `session ${groupId.length} ${groupId} ${memberId}`
}

function joinKey(groupId: string): string {
  return `join ${groupId}`
}

function syncKey(groupId: string): string {
  return `sync ${groupId}`
}

export function topicKey({ topic, topicId }: TopicDeletedOperation): string {
  return `topicDeleted ${topic} ${topicId ?? ''}`
}
