// What a membership asks of its driver, and what it hears back.

import type { Partitions } from '../assignors/partitions.ts'
import type { GroupError } from './actions.ts'

export interface MembershipOptions {
  /** Set by a static member: it is not removed at once when it goes away (KIP-345). */
  readonly groupInstanceId: string | undefined
  /** The coordinator gives the member up after this long without a heartbeat. */
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  /** Whether it keeps what it owns while it joins again (KIP-429). */
  readonly isCooperative: boolean
  /** Waits after failures. */
  readonly retry: { readonly initialMs: number; readonly maxMs: number }
}

/** In whose name offsets are committed. */
export interface MemberIdentity {
  readonly memberId: string
  readonly generationId: number
}

/** A member as the leader is told of it. */
export interface JoinedMember {
  readonly memberId: string
  readonly groupInstanceId: string | undefined
  /** Its subscription. */
  readonly metadata: Uint8Array
}

export interface JoinAnswer {
  readonly error: GroupError
  readonly memberId: string
  readonly generationId: number
  readonly leader: string
  readonly protocolName: string
  readonly skipAssignment: boolean
  /** All members, for the leader only. */
  readonly members: readonly JoinedMember[]
}

/** What the leader hands in for one member. */
export interface MemberAssignment {
  readonly memberId: string
  readonly assignment: Uint8Array
}

/**
 * In the order in which they are to be begun. Whatever has a `token` is answered with it; an answer
 * that comes too late is recognised by it and ignored.
 */
export type MembershipEffect =
  /** JoinGroup → `joined`. */
  | {
      readonly kind: 'join'
      readonly token: number
      readonly memberId: string
      /** For the subscription: what it owns, and since which generation. */
      readonly owned: Partitions
      readonly generationId: number
      readonly reason: string
    }
  /** It leads the group: run the assignor → `assigned`. */
  | {
      readonly kind: 'assign'
      readonly token: number
      readonly protocolName: string
      readonly members: readonly JoinedMember[]
    }
  /** SyncGroup → `synced`. */
  | {
      readonly kind: 'sync'
      readonly token: number
      readonly identity: MemberIdentity
      readonly protocolName: string
      readonly assignments: readonly MemberAssignment[]
    }
  /** Heartbeat → `heartbeatAnswered`. */
  | { readonly kind: 'heartbeat'; readonly token: number; readonly identity: MemberIdentity }
  /** LeaveGroup → `leaveAnswered`. */
  | { readonly kind: 'leave'; readonly token: number; readonly memberId: string }
  /** Find the coordinator anew before the next request. */
  | { readonly kind: 'forgetCoordinator' }
  /** Stop these, let their handlers end, commit what they did → `revoked`. */
  | { readonly kind: 'revoke'; readonly token: number; readonly partitions: Partitions }
  /** These are somebody else's already: drop them, do not commit. */
  | { readonly kind: 'lose'; readonly partitions: Partitions }
  /** It owns `partitions` from now on, of which `added` are new. */
  | {
      readonly kind: 'own'
      readonly partitions: Partitions
      readonly added: Partitions
      readonly generationId: number
      readonly isLeader: boolean
    }
  /** The session may be over: hand out nothing until `resume`, or until something is lost. */
  | { readonly kind: 'suspend' }
  | { readonly kind: 'resume' }
  /** No heartbeat got through for so long, in ms. */
  | { readonly kind: 'stalled'; readonly lateMs: number }
  /** The coordinator knows that the member lives. */
  | { readonly kind: 'alive'; readonly generationId: number }
  | { readonly kind: 'failed'; readonly error: GroupError; readonly during: string }
