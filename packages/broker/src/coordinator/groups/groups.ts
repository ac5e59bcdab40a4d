// The groups of one shard: finds the group an operation is about, lets it decide on a copy, and
// hands over the outcome. The state that is logged changes in `replay` only.

import { assert, unreachable } from '@klamm/base'
import type { Instant } from '../shard/outcome.ts'
import type { Machine } from '../shard/shard.ts'
import { ClassicGroup } from './classic/group.ts'
import { heartbeat } from './classic/heartbeat.ts'
import { join, validateJoin } from './classic/join.ts'
import { leave } from './classic/leave.ts'
import {
  assignmentCommitted,
  failedJoin,
  failedSync,
  joinExpired,
  prepareRebalance,
  sessionExpired,
  syncExpired,
} from './classic/rebalance.ts'
import { sync } from './classic/sync.ts'
import { Effects, type GroupChange, type GroupOutcome, nothing } from './effects.ts'
import * as decisions from './offset-decisions.ts'
import { Offsets } from './offsets.ts'
import type { GroupOperation, JoinOperation, RequestOperation, SyncOperation } from './operation.ts'
import type { GroupMetadataRecord, GroupRecord } from './records.ts'
import type { GroupConfig } from './types.ts'
import { describedGroup, isListed, listedGroup } from './views.ts'

type Operation<Kind extends GroupOperation['kind']> = Extract<
  GroupOperation,
  { readonly kind: Kind }
>

/**
 * Always true: a group that is logged is in memory; a group in memory that is not logged has
 * members, expects some, or has been in a generation.
 */
export class Groups implements Machine<GroupOperation, GroupRecord, GroupChange> {
  readonly #config: GroupConfig
  readonly #groups = new Map<string, ClassicGroup>()
  /** What the log says of each group. */
  readonly #logged = new Map<string, GroupMetadataRecord>()
  readonly #offsets = new Offsets()

  constructor(config: GroupConfig) {
    this.#config = config
  }

  get groups(): ReadonlyMap<string, ClassicGroup> {
    return this.#groups
  }

  get logged(): ReadonlyMap<string, GroupMetadataRecord> {
    return this.#logged
  }

  get offsets(): Offsets {
    return this.#offsets
  }

  decide(operation: GroupOperation, at: Instant): GroupOutcome {
    const effects = new Effects(at, this.#config)
    switch (operation.kind) {
      case 'sessionExpired':
        return this.#onGroup(operation.groupId, effects, group => {
          sessionExpired(group, operation.memberId, effects)
        })
      case 'joinExpired':
        return this.#onGroup(operation.groupId, effects, group => joinExpired(group, effects))
      case 'syncExpired':
        return this.#onGroup(operation.groupId, effects, group => {
          syncExpired(group, operation.generationId, effects)
        })
      case 'expireOffsets':
        return this.#expireOffsets(effects)
      case 'topicDeleted':
        decisions.forgetTopic(this.#offsets, operation, effects)
        return effects.outcome([])
      default:
        return this.#decideRequest(operation, effects)
    }
  }

  replay(record: GroupRecord): void {
    switch (record.kind) {
      case 'groupMetadata':
        this.#logged.set(record.groupId, record)
        break
      case 'groupTombstone':
        this.#logged.delete(record.groupId)
        break
      case 'offsetCommit':
      case 'offsetTombstone':
        this.#offsets.replay(record)
        break
      default:
        unreachable(record)
    }
  }

  committed(record: GroupRecord, at: Instant): GroupOutcome {
    if (record.kind === 'offsetCommit' || record.kind === 'offsetTombstone') {
      this.#offsets.committed(record)
      return nothing
    }
    const group = this.#groups.get(record.groupId)
    if (record.kind === 'groupTombstone' || group === undefined) return nothing
    // If another rebalance has begun meanwhile, the assignment comes too late: nobody gets it.
    const isAwaited =
      group.state === 'completingRebalance' && group.generationId === record.generationId
    if (!isAwaited) return nothing
    const assignments = new Map<string, Uint8Array>()
    for (const { memberId, assignment } of record.members) assignments.set(memberId, assignment)
    const effects = new Effects(at, this.#config)
    const next = group.clone()
    assignmentCommitted(next, assignments, effects)
    return effects.outcome([{ kind: 'groupChanged', group: next }])
  }

  apply(change: GroupChange): void {
    switch (change.kind) {
      case 'groupChanged':
        this.#groups.set(change.group.groupId, change.group)
        break
      case 'groupForgotten':
        this.#groups.delete(change.groupId)
        break
      default:
        unreachable(change)
    }
  }

  /** Members of the groups in the log get a fresh session: nobody was listening to them. */
  loaded(at: Instant): GroupOutcome {
    const effects = new Effects(at, this.#config)
    const changes: GroupChange[] = []
    for (const record of this.#logged.values()) {
      const group = ClassicGroup.fromRecord(record)
      for (const { memberId, sessionTimeoutMs } of group.members.values()) {
        effects.startSession(group.groupId, memberId, sessionTimeoutMs)
      }
      // The limit was lowered: whoever rejoins first stays.
      if (group.members.size > this.#config.maxSize) prepareRebalance(group, effects)
      changes.push({ kind: 'groupChanged', group })
    }
    effects.startExpiryTimer(false)
    return effects.outcome(changes)
  }

  /** Throws InvariantError when the state contradicts itself. For tests and simulation. */
  check(): void {
    for (const group of this.#groups.values()) {
      group.check()
      assert(this.#logged.has(group.groupId) || !isUnused(group), 'an unused group is forgotten')
    }
    for (const groupId of this.#logged.keys()) {
      assert(this.#groups.has(groupId), 'a group that is logged is in memory')
    }
  }

  #decideRequest(operation: RequestOperation, effects: Effects): GroupOutcome {
    switch (operation.kind) {
      case 'join':
        return this.#join(operation, effects)
      case 'sync':
        return this.#sync(operation, effects)
      case 'heartbeat':
        return this.#heartbeat(operation, effects)
      case 'leave':
        return this.#leave(operation, effects)
      case 'commitOffsets':
        return this.#commitOffsets(operation, effects)
      case 'fetchOffsets':
        effects.answer(operation.ticket, decisions.fetch(this.#offsets, operation.request, effects))
        return effects.outcome([])
      case 'deleteOffsets':
        return this.#deleteOffsets(operation, effects)
      case 'describeGroup':
        return this.#describeGroup(operation, effects)
      case 'listGroups':
        return this.#listGroups(operation, effects)
      case 'deleteGroup':
        return this.#deleteGroup(operation, effects)
      default:
        return unreachable(operation)
    }
  }

  #join(operation: JoinOperation, effects: Effects): GroupOutcome {
    const { request, ticket } = operation
    const { groupId, memberId } = request
    const error = validateJoin(request, this.#config)
    if (error !== 'NONE') {
      effects.answer(ticket, failedJoin(error, memberId))
      return effects.outcome([])
    }
    const known = this.#groups.get(groupId)
    if (known === undefined && memberId !== '') {
      effects.answer(ticket, failedJoin('UNKNOWN_MEMBER_ID', memberId))
      return effects.outcome([])
    }
    const group = known?.clone() ?? new ClassicGroup(groupId)
    join(group, operation, effects)
    return this.#changed(group, effects)
  }

  #sync(operation: SyncOperation, effects: Effects): GroupOutcome {
    const group = this.#groups.get(operation.request.groupId)?.clone()
    if (group === undefined) {
      effects.answer(operation.ticket, failedSync('UNKNOWN_MEMBER_ID'))
      return effects.outcome([])
    }
    sync(group, operation, effects)
    return this.#changed(group, effects)
  }

  #heartbeat({ request, ticket }: Operation<'heartbeat'>, effects: Effects): GroupOutcome {
    // Not a copy: a heartbeat only sets a timer, and is the most frequent of all.
    const group = this.#groups.get(request.groupId)
    const isKnown = group !== undefined
    effects.answer(ticket, isKnown ? heartbeat(group, request, effects) : 'UNKNOWN_MEMBER_ID')
    return effects.outcome([])
  }

  #leave({ request, ticket }: Operation<'leave'>, effects: Effects): GroupOutcome {
    const group = this.#groups.get(request.groupId)?.clone() ?? new ClassicGroup(request.groupId)
    effects.answer(ticket, leave(group, request, effects))
    return this.#changed(group, effects)
  }

  #commitOffsets({ request, ticket }: Operation<'commitOffsets'>, effects: Effects): GroupOutcome {
    const group = this.#groups.get(request.groupId)
    const isStore = group === undefined && this.#offsets.has('appended', request.groupId)
    const target = isStore ? new ClassicGroup(request.groupId) : group
    const error = decisions.validateCommit(target, request)
    if (error === 'NONE') effects.answer(ticket, decisions.commit(group, request, effects))
    else effects.refuse(ticket, error)
    return effects.outcome([])
  }

  #deleteOffsets({ request, ticket }: Operation<'deleteOffsets'>, effects: Effects): GroupOutcome {
    const group = this.#groups.get(request.groupId)
    effects.answer(ticket, decisions.deleteOffsets(group, this.#offsets, request, effects))
    return effects.outcome([])
  }

  #describeGroup(
    { request: groupId, ticket }: Operation<'describeGroup'>,
    effects: Effects,
  ): GroupOutcome {
    effects.waitForAppended()
    effects.answer(ticket, describedGroup(groupId, this.#find(groupId)))
    return effects.outcome([])
  }

  #listGroups({ request, ticket }: Operation<'listGroups'>, effects: Effects): GroupOutcome {
    effects.waitForAppended()
    const groups = [...this.#groups.values()]
    for (const groupId of this.#offsets.groupIds()) {
      const store = this.#groups.has(groupId) ? undefined : this.#find(groupId)
      if (store !== undefined) groups.push(store)
    }
    const listed = groups.filter(group => isListed(group, request)).map(listedGroup)
    effects.answer(ticket, listed)
    return effects.outcome([])
  }

  #deleteGroup(
    { request: groupId, ticket }: Operation<'deleteGroup'>,
    effects: Effects,
  ): GroupOutcome {
    const group = this.#find(groupId)
    if (group === undefined || group.state !== 'empty') {
      const error = group === undefined ? 'GROUP_ID_NOT_FOUND' : 'NON_EMPTY_GROUP'
      effects.answer(ticket, { groupId, error })
      return effects.outcome([])
    }
    decisions.deleteAllOffsets(this.#offsets, groupId, effects)
    effects.answer(ticket, { groupId, error: 'NONE' })
    return this.#forgotten(group, effects)
  }

  /** Once per interval, and again soon when there was more than fits one batch. */
  #expireOffsets(effects: Effects): GroupOutcome {
    const changes: GroupChange[] = []
    let left = decisions.maxTombstonesPerBatch
    for (const groupId of new Set([...this.#groups.keys(), ...this.#offsets.groupIds()])) {
      if (left <= 0) break
      const group = this.#groups.get(groupId)
      const isInUse =
        group !== undefined && (group.state !== 'empty' || group.pendingJoins.size > 0)
      if (isInUse) continue
      const expired = decisions.expireOffsets(group, this.#offsets, groupId, left, effects)
      left -= expired.count
      if (!expired.isNoneLeft || !this.#logged.has(groupId)) continue
      effects.append({ kind: 'groupTombstone', groupId })
      changes.push({ kind: 'groupForgotten', groupId })
      left -= 1
    }
    effects.startExpiryTimer(left <= 0)
    return effects.outcome(changes)
  }

  #onGroup(groupId: string, effects: Effects, decide: (group: ClassicGroup) => void): GroupOutcome {
    const group = this.#groups.get(groupId)?.clone()
    if (group === undefined) return nothing
    decide(group)
    return this.#changed(group, effects)
  }

  #changed(group: ClassicGroup, effects: Effects): GroupOutcome {
    const { groupId } = group
    if (isUnused(group) && !this.#logged.has(groupId)) {
      return effects.outcome([{ kind: 'groupForgotten', groupId }])
    }
    return effects.outcome([{ kind: 'groupChanged', group }])
  }

  #forgotten(group: ClassicGroup, effects: Effects): GroupOutcome {
    const { groupId } = group
    if (this.#logged.has(groupId)) effects.append({ kind: 'groupTombstone', groupId })
    return effects.outcome([{ kind: 'groupForgotten', groupId }])
  }

  /** The group, or an empty one for an id under which only offsets are stored. */
  #find(groupId: string): ClassicGroup | undefined {
    const group = this.#groups.get(groupId)
    if (group !== undefined) return group
    return this.#offsets.has('appended', groupId) ? new ClassicGroup(groupId) : undefined
  }
}

/** Nobody has ever been in it, and nobody is expected. */
function isUnused(group: ClassicGroup): boolean {
  return group.state === 'empty' && group.generationId === 0 && group.pendingJoins.size === 0
}
