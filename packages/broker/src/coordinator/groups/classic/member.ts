// One member of a classic group, as a value: it is replaced, never changed.

import type { Ticket } from '../../shard/outcome.ts'
import type { JoinReply, JoinRequest, MemberProtocol, SyncReply } from '../types.ts'

export interface Member {
  readonly memberId: string
  /** Set for static members (KIP-345). */
  readonly groupInstanceId: string | undefined
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** What the member can do, in its order of preference. */
  readonly protocols: readonly MemberProtocol[]
  /** Of the generation that is or was stable last; empty when there is none. */
  readonly assignment: Uint8Array
  /** No join of it has been answered yet, so it cannot send heartbeats. */
  readonly isNew: boolean
  readonly awaitingJoin: Ticket<JoinReply> | undefined
  readonly awaitingSync: Ticket<SyncReply> | undefined
}

export const noBytes = new Uint8Array(0)

/**
 * How long a new member may wait for its first join to be answered. It cannot send heartbeats
 * meanwhile; if the client is gone, nobody would ever notice otherwise.
 */
export const newMemberJoinTimeoutMs = 5 * 60_000

export function newMember(memberId: string, request: JoinRequest): Member {
  return {
    memberId,
    groupInstanceId: request.groupInstanceId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: rebalanceTimeoutOf(request),
    protocols: request.protocols,
    assignment: noBytes,
    isNew: true,
    awaitingJoin: undefined,
    awaitingSync: undefined,
  }
}

/** The member with what its latest join says. */
export function withRequest(member: Member, request: JoinRequest): Member {
  return {
    ...member,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: rebalanceTimeoutOf(request),
    protocols: request.protocols,
  }
}

/** The subscription under `protocolName`; empty when the member does not support it. */
export function metadataOf(member: Member, protocolName: string | undefined): Uint8Array {
  const protocol = member.protocols.find(({ name }) => name === protocolName)
  return protocol?.metadata ?? noBytes
}

/** Whether the member would join with exactly what it joined with before. */
export function hasSameProtocols(member: Member, protocols: readonly MemberProtocol[]): boolean {
  if (member.protocols.length !== protocols.length) return false
  return member.protocols.every((known, i) => {
    const other = protocols[i]
    return (
      other !== undefined && known.name === other.name && isEqual(known.metadata, other.metadata)
    )
  })
}

function rebalanceTimeoutOf(request: JoinRequest): number {
  return request.rebalanceTimeoutMs < 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
