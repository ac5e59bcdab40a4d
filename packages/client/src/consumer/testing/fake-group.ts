// A classic group on the fake cluster: enough of a coordinator for members to join, be assigned,
// stay alive, commit and leave. A join waits until all members have joined that are known.

import {
  errorCodes,
  Heartbeat,
  JoinGroup,
  type JoinGroupRequest,
  type JoinGroupResponse,
  LeaveGroup,
  SyncGroup,
  type SyncGroupResponse,
} from '@klamm/protocol'
import type { FakeCluster } from '../../testing/fake-cluster.ts'

interface FakeMember {
  readonly memberId: string
  request: JoinGroupRequest
  joining: ((response: JoinGroupResponse) => void) | undefined
  syncing: ((response: SyncGroupResponse) => void) | undefined
}

export class FakeGroup {
  readonly members = new Map<string, FakeMember>()
  generationId = 0
  state: 'stable' | 'joining' | 'syncing' = 'stable'
  readonly left: string[] = []
  #count = 0
  #assignments = new Map<string, Uint8Array>()

  constructor(cluster: FakeCluster) {
    cluster.on(JoinGroup, request => this.#join(request))
    cluster.on(SyncGroup, ({ memberId, generationId, assignments }) => {
      const member = this.members.get(memberId)
      if (member === undefined) return synced('UNKNOWN_MEMBER_ID')
      if (generationId !== this.generationId) return synced('ILLEGAL_GENERATION')
      if (this.state === 'joining') return synced('REBALANCE_IN_PROGRESS')
      for (const each of assignments) this.#assignments.set(each.memberId, each.assignment)
      if (assignments.length > 0) this.#allSynced()
      if (this.state === 'stable') return synced('NONE', this.#assignments.get(memberId))
      return new Promise(resolve => {
        member.syncing = resolve
      })
    })
    cluster.on(Heartbeat, ({ memberId, generationId }) => {
      const error = this.#check(memberId, generationId)
      return { throttleTimeMs: 0, errorCode: errorCodes[error] }
    })
    cluster.on(LeaveGroup, ({ members, memberId }) => {
      for (const id of members.map(each => each.memberId).concat(memberId)) {
        if (this.members.delete(id)) this.left.push(id)
      }
      if (this.members.size > 0) this.rebalance()
      const answered = members.map(each => ({ ...each, errorCode: 0 }))
      return { throttleTimeMs: 0, errorCode: 0, members: answered }
    })
  }

  /** Everybody has to join again, as if another member had come. */
  rebalance(): void {
    this.state = 'joining'
    this.#completeJoin()
  }

  /** The coordinator forgets the members. */
  forget(): void {
    this.members.clear()
    this.state = 'stable'
  }

  #check(memberId: string, generationId: number) {
    if (!this.members.has(memberId)) return 'UNKNOWN_MEMBER_ID'
    if (generationId !== this.generationId) return 'ILLEGAL_GENERATION'
    return this.state === 'stable' ? 'NONE' : 'REBALANCE_IN_PROGRESS'
  }

  #join(request: JoinGroupRequest): JoinGroupResponse | Promise<JoinGroupResponse> {
    if (request.memberId === '') {
      this.#count += 1
      const memberId = `member-${this.#count}`
      if (request.groupInstanceId === null) {
        this.members.set(memberId, { memberId, request, joining: undefined, syncing: undefined })
        return { ...joined('MEMBER_ID_REQUIRED'), memberId }
      }
      return this.#park({ memberId, request, joining: undefined, syncing: undefined })
    }
    const known = this.members.get(request.memberId)
    if (known === undefined) return joined('UNKNOWN_MEMBER_ID')
    known.request = request
    return this.#park(known)
  }

  #park(member: FakeMember): Promise<JoinGroupResponse> {
    this.members.set(member.memberId, member)
    this.state = 'joining'
    const { promise, resolve } = Promise.withResolvers<JoinGroupResponse>()
    member.joining = resolve
    this.#completeJoin()
    return promise
  }

  #completeJoin(): void {
    const members = [...this.members.values()]
    if (members.length === 0 || members.some(({ joining }) => joining === undefined)) return
    this.generationId += 1
    this.state = 'syncing'
    this.#assignments = new Map()
    const leader = members[0]?.memberId ?? ''
    const protocolName = members[0]?.request.protocols[0]?.name ?? ''
    for (const member of members) {
      const isLeader = member.memberId === leader
      member.joining?.({
        ...joined('NONE'),
        generationId: this.generationId,
        protocolType: 'consumer',
        protocolName,
        leader,
        memberId: member.memberId,
        members: isLeader ? members.map(each => describe(each, protocolName)) : [],
      })
      member.joining = undefined
    }
  }

  #allSynced(): void {
    this.state = 'stable'
    for (const member of this.members.values()) {
      member.syncing?.(synced('NONE', this.#assignments.get(member.memberId)))
      member.syncing = undefined
    }
  }
}

function describe({ memberId, request }: FakeMember, protocolName: string) {
  const protocol = request.protocols.find(({ name }) => name === protocolName)
  const metadata = protocol?.metadata ?? new Uint8Array(0)
  return { memberId, groupInstanceId: request.groupInstanceId, metadata }
}

function joined(error: 'NONE' | 'MEMBER_ID_REQUIRED' | 'UNKNOWN_MEMBER_ID'): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: errorCodes[error],
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId: '',
    members: [],
  }
}

function synced(
  error: 'NONE' | 'UNKNOWN_MEMBER_ID' | 'ILLEGAL_GENERATION' | 'REBALANCE_IN_PROGRESS',
  assignment: Uint8Array = new Uint8Array(0),
): SyncGroupResponse {
  const protocol = { protocolType: 'consumer', protocolName: null }
  return { throttleTimeMs: 0, errorCode: errorCodes[error], ...protocol, assignment }
}
