// A classic consumer group: who is in it, in which generation, in which state. Only bookkeeping and
// its invariants; what happens when is decided in join, sync, heartbeat, leave and rebalance.

import { assert } from '@klamm/base'
import type { GroupMetadataRecord } from '../records.ts'
import { type Member, metadataOf } from './member.ts'
import { commonProtocols, selectProtocol } from './select-protocol.ts'
import { type GroupState, mayFollow } from './state.ts'

/** The wait of a new group for its first members (KIP-134). */
export interface InitialDelay {
  /** How much longer the wait may be extended. */
  readonly remainingMs: number
  /** Somebody has come since the wait began or was extended last. */
  readonly hasNewMembers: boolean
}

/**
 * Operations work on a copy that replaces the group when their records have been appended, so an
 * operation that fails has changed nothing.
 *
 * Always true: without members there is no leader, otherwise the leader is a member; an instance
 * id belongs to one member; members have one protocol type and a protocol in common; nobody waits
 * for an assignment outside completingRebalance.
 */
export class ClassicGroup {
  readonly groupId: string
  #state: GroupState = 'empty'
  #stateWallMs: number | undefined
  #generationId = 0
  #protocolType: string | undefined
  #protocolName: string | undefined
  #leaderId: string | undefined
  /** By member id, in order of standing. */
  #members = new Map<string, Member>()
  /** Instance id → member id. */
  #staticMembers = new Map<string, string>()
  /** Have been given an id and are expected to join with it (KIP-394). */
  #pendingJoins = new Set<string>()
  /** Have been told of this generation and are expected to ask for their assignment. */
  #pendingSyncs = new Set<string>()
  /** Set during the first rebalance of an empty group, until the first wait is over. */
  initialDelay: InitialDelay | undefined
  /** The leader's assignment for this generation is in the log, perhaps not committed. */
  #isAssignmentAppended = false

  constructor(groupId: string) {
    this.groupId = groupId
  }

  /** The group as it was logged: stable, or empty. */
  static fromRecord(record: GroupMetadataRecord): ClassicGroup {
    const group = new ClassicGroup(record.groupId)
    group.#state = record.members.length === 0 ? 'empty' : 'stable'
    group.#stateWallMs = record.stateWallMs
    group.#generationId = record.generationId
    group.#protocolType = record.protocolType
    group.#protocolName = record.protocolName
    for (const { subscription, ...member } of record.members) {
      group.#members.set(member.memberId, {
        ...member,
        protocols: [{ name: record.protocolName ?? '', metadata: subscription }],
        isNew: false,
        awaitingJoin: undefined,
        awaitingSync: undefined,
      })
      if (member.groupInstanceId !== undefined) {
        group.#staticMembers.set(member.groupInstanceId, member.memberId)
      }
    }
    const first = group.#members.keys().next().value
    const { leaderId } = record
    group.#leaderId = leaderId !== undefined && group.#members.has(leaderId) ? leaderId : first
    return group
  }

  clone(): ClassicGroup {
    const copy = new ClassicGroup(this.groupId)
    copy.#state = this.#state
    copy.#stateWallMs = this.#stateWallMs
    copy.#generationId = this.#generationId
    copy.#protocolType = this.#protocolType
    copy.#protocolName = this.#protocolName
    copy.#leaderId = this.#leaderId
    copy.#members = new Map(this.#members)
    copy.#staticMembers = new Map(this.#staticMembers)
    copy.#pendingJoins = new Set(this.#pendingJoins)
    copy.#pendingSyncs = new Set(this.#pendingSyncs)
    copy.initialDelay = this.initialDelay
    copy.#isAssignmentAppended = this.#isAssignmentAppended
    return copy
  }

  get state(): GroupState {
    return this.#state
  }

  /** When the group entered its state; undefined in a group that never left its first. */
  get stateWallMs(): number | undefined {
    return this.#stateWallMs
  }

  get generationId(): number {
    return this.#generationId
  }

  /** Undefined for a group that never had members: it only stores offsets. */
  get protocolType(): string | undefined {
    return this.#protocolType
  }

  /** The strategy of this generation. */
  get protocolName(): string | undefined {
    return this.#protocolName
  }

  get leaderId(): string | undefined {
    return this.#leaderId
  }

  get members(): ReadonlyMap<string, Member> {
    return this.#members
  }

  get pendingJoins(): ReadonlySet<string> {
    return this.#pendingJoins
  }

  get pendingSyncs(): ReadonlySet<string> {
    return this.#pendingSyncs
  }

  get isAssignmentAppended(): boolean {
    return this.#isAssignmentAppended
  }

  member(memberId: string): Member | undefined {
    return this.#members.get(memberId)
  }

  staticMemberId(groupInstanceId: string): string | undefined {
    return this.#staticMembers.get(groupInstanceId)
  }

  /** The longest any member may take to rejoin; 0 without members. */
  get rebalanceTimeoutMs(): number {
    let longest = 0
    for (const member of this.#members.values()) {
      longest = Math.max(longest, member.rebalanceTimeoutMs)
    }
    return longest
  }

  get awaitingJoinCount(): number {
    let count = 0
    for (const member of this.#members.values()) if (member.awaitingJoin !== undefined) count += 1
    return count
  }

  /** Everybody who is expected to join has joined. */
  get hasEverybodyJoined(): boolean {
    return this.#pendingJoins.size === 0 && this.awaitingJoinCount === this.#members.size
  }

  /** Whether somebody with these protocols could be a member. */
  supports(protocolType: string, protocols: Member['protocols']): boolean {
    if (this.#members.size === 0) return protocolType !== '' && protocols.length > 0
    if (protocolType !== this.#protocolType) return false
    const common = commonProtocols(this.#members.values())
    return protocols.some(({ name }) => common.has(name))
  }

  /** The strategy that the next generation would use. */
  nextProtocolName(): string | undefined {
    return selectProtocol(this.#members.values())
  }

  addPendingJoin(memberId: string): void {
    assert(!this.#members.has(memberId), 'a member that has joined is not expected to')
    this.#pendingJoins.add(memberId)
  }

  add(member: Member, protocolType: string): void {
    assert(!this.#members.has(member.memberId), 'a member is added once')
    if (this.#members.size === 0) this.#protocolType = protocolType
    assert(this.#protocolType === protocolType, 'members have one protocol type')
    const { memberId, groupInstanceId } = member
    if (groupInstanceId !== undefined) {
      assert(!this.#staticMembers.has(groupInstanceId), 'an instance id belongs to one member')
      this.#staticMembers.set(groupInstanceId, memberId)
    }
    this.#members.set(memberId, member)
    this.#pendingJoins.delete(memberId)
    this.#leaderId ??= memberId
  }

  /** Replaces what is known of a member; it stays the same member. */
  update(member: Member): void {
    assert(this.#members.has(member.memberId), 'only members are updated')
    this.#members.set(member.memberId, member)
  }

  /** The static member comes back under a new member id, with all it had. */
  replaceStatic(old: Member, newMemberId: string): Member {
    const { groupInstanceId } = old
    assert(groupInstanceId !== undefined, 'only static members come back under another id')
    const members = [...this.#members]
    const next = { ...old, memberId: newMemberId }
    // In its old place: the order of standing decides elections.
    this.#members = new Map(
      members.map(([id, member]) => (id === old.memberId ? [newMemberId, next] : [id, member])),
    )
    this.#staticMembers.set(groupInstanceId, newMemberId)
    if (this.#leaderId === old.memberId) this.#leaderId = newMemberId
    if (this.#pendingSyncs.delete(old.memberId)) this.#pendingSyncs.add(newMemberId)
    return next
  }

  /** Forgets a member, or somebody who was expected to become one. */
  remove(memberId: string): void {
    const instanceId = this.#members.get(memberId)?.groupInstanceId
    if (instanceId !== undefined) this.#staticMembers.delete(instanceId)
    this.#members.delete(memberId)
    this.#pendingJoins.delete(memberId)
    this.#pendingSyncs.delete(memberId)
    if (this.#leaderId === memberId) this.#leaderId = this.#members.keys().next().value
  }

  /**
   * Makes sure that the leader is somebody who waits for the next generation. False when nobody
   * does.
   */
  electWaitingLeader(): boolean {
    const leader = this.#members.get(this.#leaderId ?? '')
    if (leader?.awaitingJoin !== undefined) return true
    for (const member of this.#members.values()) {
      if (member.awaitingJoin === undefined) continue
      this.#leaderId = member.memberId
      return true
    }
    return false
  }

  /** The next generation begins, or, with nobody left, the group is empty. */
  startGeneration(wallMs: number): void {
    this.#generationId = this.#generationId === 0x7fff_ffff ? 1 : this.#generationId + 1
    this.#pendingSyncs.clear()
    this.#isAssignmentAppended = false
    this.initialDelay = undefined
    this.#protocolName = this.nextProtocolName()
    this.transition(this.#members.size === 0 ? 'empty' : 'completingRebalance', wallMs)
  }

  expectSync(memberId: string): void {
    assert(this.#members.has(memberId), 'only members ask for assignments')
    this.#pendingSyncs.add(memberId)
  }

  synced(memberId: string): void {
    this.#pendingSyncs.delete(memberId)
  }

  clearPendingSyncs(): void {
    this.#pendingSyncs.clear()
  }

  assignmentAppended(): void {
    assert(this.#state === 'completingRebalance', 'assignments come while a rebalance completes')
    this.#isAssignmentAppended = true
  }

  assignmentDropped(): void {
    this.#isAssignmentAppended = false
  }

  transition(to: GroupState, wallMs: number): void {
    assert(mayFollow(this.#state, to), 'a group changes state along its table', () => {
      return `${this.groupId}: ${this.#state} to ${to}`
    })
    this.#state = to
    this.#stateWallMs = wallMs
  }

  /** What is logged of the group, with the assignments given or else as they are. */
  toRecord(assignments?: ReadonlyMap<string, Uint8Array>): GroupMetadataRecord {
    const members = [...this.#members.values()].map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      sessionTimeoutMs: member.sessionTimeoutMs,
      subscription: metadataOf(member, this.#protocolName),
      assignment: assignments?.get(member.memberId) ?? member.assignment,
    }))
    return {
      kind: 'groupMetadata',
      groupId: this.groupId,
      protocolType: this.#protocolType,
      generationId: this.#generationId,
      protocolName: this.#protocolName,
      leaderId: this.#leaderId,
      stateWallMs: this.#stateWallMs,
      members,
    }
  }

  /** Throws InvariantError when the bookkeeping contradicts itself. */
  check(): void {
    const { size } = this.#members
    assert((this.#leaderId === undefined) === (size === 0), 'a group with members has a leader')
    if (this.#leaderId !== undefined) {
      assert(this.#members.has(this.#leaderId), 'the leader is a member')
      assert(commonProtocols(this.#members.values()).size > 0, 'members have a protocol in common')
    }
    for (const [instanceId, memberId] of this.#staticMembers) {
      const member = this.#members.get(memberId)
      assert(member?.groupInstanceId === instanceId, 'an instance id belongs to one member')
    }
    for (const member of this.#members.values()) {
      const { awaitingJoin, awaitingSync } = member
      if (awaitingJoin !== undefined) {
        assert(this.#state === 'preparingRebalance', 'joins wait while a rebalance is prepared')
      }
      if (awaitingSync !== undefined) {
        assert(this.#state === 'completingRebalance', 'syncs wait while a rebalance completes')
      }
    }
    assert((this.#state === 'empty') <= (size === 0), 'an empty group has no members')
  }
}
