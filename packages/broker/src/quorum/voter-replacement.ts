// Gives a broker its vote back that came back as another replica of the metadata, with an empty
// directory or a raft state that was lost (KIP-853): the replica it was is removed from the voters,
// then the one it is now is added. Runs on the leader.

import type { Clock, Logger, Timer } from '@klamm/base/env'
import type { ConfigChange, ConfigChangeResult, FollowerStatus, Status, VoterId } from '@klamm/raft'

type SeenStatus = Pick<Status, 'id' | 'role' | 'configuration' | 'followers' | 'lastIndex'>

export interface VoterReplacementOptions {
  readonly clock: Clock
  readonly log: Logger
  /** The brokers that are to vote. */
  readonly nodeIds: readonly number[]
  readonly status: () => SeenStatus
  readonly change: (change: ConfigChange) => ConfigChangeResult
}

/** How often the leader looks, in ms. One change is made at a time, so two looks make a voter. */
const intervalMs = 500

/**
 * A voter that was not heard of for so long is gone, one heard of since is there, in ms. Two
 * processes with one id must not take the vote from each other.
 */
const silentAfterMs = 3_000

/** The new voter counts for the majority at once, so it must not have much to catch up with. */
const maxLagEntries = 100

export class VoterReplacement implements Disposable {
  readonly #options: VoterReplacementOptions
  #timer: Timer | undefined

  constructor(options: VoterReplacementOptions) {
    this.#options = options
  }

  /** The role of this node has changed. */
  roleChanged(role: Status['role']): void {
    this[Symbol.dispose]()
    if (role === 'leader') this.#set()
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #set(): void {
    this.#timer = this.#options.clock.setTimer(intervalMs, () => {
      this.#look()
      this.#set()
    })
  }

  #look(): void {
    const { clock, log, nodeIds, status, change } = this.#options
    const next = nextChange(status(), nodeIds, clock.monotonicMs())
    if (next === undefined) return
    // Refused, as while another change is under way: it is tried again.
    if (change(next).ok) log.warn('the voters change', { change: next.kind, ...next.voter })
  }
}

/** The change that comes next for one of the nodes that are to vote. */
export function nextChange(
  status: SeenStatus,
  nodeIds: readonly number[],
  nowMs: number,
): ConfigChange | undefined {
  if (status.role !== 'leader') return undefined
  const { followers, configuration, lastIndex, id } = status
  for (const follower of followers) {
    const { nodeId } = follower.id
    if (follower.isVoter || !nodeIds.includes(nodeId) || nodeId === id.nodeId) continue
    if (isSilent(follower, nowMs) || follower.state !== 'replicate') continue
    if (lastIndex - follower.matchIndex > maxLagEntries) continue
    const old = configuration.voters.find(voter => voter.nodeId === nodeId)
    if (old === undefined) return { kind: 'addVoter', voter: follower.id }
    if (isSilent(followerOf(followers, old), nowMs)) return { kind: 'removeVoter', voter: old }
  }
  return undefined
}

function followerOf(followers: readonly FollowerStatus[], voter: VoterId) {
  return followers.find(
    ({ id }) => id.nodeId === voter.nodeId && id.directoryId === voter.directoryId,
  )
}

function isSilent(follower: FollowerStatus | undefined, nowMs: number): boolean {
  const heardMs = follower?.lastContactMs
  return heardMs === undefined || nowMs - heardMs >= silentAfterMs
}
