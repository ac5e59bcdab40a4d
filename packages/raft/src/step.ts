// The door for messages: whom they are for, what their term means, which role answers.

import { zeroUuid } from '@klamm/base'
import type { RaftCore } from './core.ts'
import { followHint, onPreVote, onPreVoteResponse, onVote, onVoteResponse } from './election.ts'
import { onAppend, onHeartbeat, onSnapshotChunk, onTimeoutNow } from './follower.ts'
import {
  onAppendAccepted,
  onAppendRejected,
  onHeartbeatResponse,
  onSnapshotChunkResponse,
} from './leader.ts'
import type { Message, Packet } from './message.ts'
import { onObserve, onObserveResponse } from './observers.ts'
import { becomeFollower } from './roles.ts'
import { sameVoter, type VoterId } from './types.ts'

/**
 * What to do with a message of a higher or lower term than the own:
 * - `handle`: the term does not matter, or the handler looks at it.
 * - `adopt`: a leader of that term exists, or may exist soon: move to the term, then handle.
 * - `stepDown`: an answer to this node: its term is over, whatever the answer was.
 * - `refuse`: tell the sender that its term is over.
 * - `drop`: of no use any more.
 */
const termRules = {
  preVote: { higher: 'handle', lower: 'handle' },
  preVoteResponse: { higher: 'stepDown', lower: 'handle' },
  vote: { higher: 'adopt', lower: 'handle' },
  voteResponse: { higher: 'stepDown', lower: 'drop' },
  append: { higher: 'adopt', lower: 'refuse' },
  appendAccepted: { higher: 'stepDown', lower: 'drop' },
  appendRejected: { higher: 'stepDown', lower: 'drop' },
  heartbeat: { higher: 'adopt', lower: 'refuse' },
  heartbeatResponse: { higher: 'stepDown', lower: 'drop' },
  snapshotChunk: { higher: 'adopt', lower: 'refuse' },
  snapshotChunkResponse: { higher: 'stepDown', lower: 'drop' },
  timeoutNow: { higher: 'drop', lower: 'drop' },
  observe: { higher: 'handle', lower: 'handle' },
  observeResponse: { higher: 'handle', lower: 'handle' },
} as const satisfies Record<
  Message['kind'],
  {
    readonly higher: 'handle' | 'adopt' | 'stepDown' | 'drop'
    readonly lower: 'handle' | 'refuse' | 'drop'
  }
>

export function step(core: RaftCore, packet: Packet): void {
  const { from, message } = packet
  if (!isForMe(core, packet.to) || sameVoter(from, core.id)) return
  if (message.term > core.term && !higherTerm(core, from, message)) return
  if (message.term < core.term && !lowerTerm(core, from, message)) return
  handle(core, from, message)
}

function isForMe(core: RaftCore, to: VoterId): boolean {
  if (to.nodeId !== core.id.nodeId) return false
  return to.directoryId === core.id.directoryId || to.directoryId === zeroUuid
}

/** True when the message is to be handled. */
function higherTerm(core: RaftCore, from: VoterId, message: Message): boolean {
  switch (termRules[message.kind].higher) {
    case 'handle':
      return true
    case 'drop':
      return false
    case 'adopt':
      if (message.kind === 'vote') {
        if (core.rules.isDisruptive(core.heardLeader, message.transfer)) return false
        becomeFollower(core, message.term, undefined)
      } else becomeFollower(core, message.term, from)
      return true
    case 'stepDown':
      if (!isAnswerToMe(core, from)) return false
      becomeFollower(core, message.term, undefined)
      if (message.kind === 'preVoteResponse') followHint(core, message.leader)
      return false
  }
}

/**
 * Only nodes this one talks to can end its term: a leader's followers, a candidate's voters. A
 * removed node cannot.
 */
function isAnswerToMe(core: RaftCore, from: VoterId): boolean {
  switch (core.role) {
    case 'leader':
      return core.leadership?.follower(from) !== undefined
    case 'candidate':
    case 'preCandidate':
      return core.membership.isVoter(from)
    default:
      return false
  }
}

/** True when the message is to be handled. */
function lowerTerm(core: RaftCore, from: VoterId, message: Message): boolean {
  switch (termRules[message.kind].lower) {
    case 'handle':
      return true
    case 'drop':
      return !core.rules.isOutdated(message.term, core.term)
    case 'refuse': {
      const prevIndex = message.kind === 'append' ? message.prevIndex : 0
      const hint = { hintIndex: 0, hintTerm: 0 }
      core.send(from, { kind: 'appendRejected', term: core.term, prevIndex, ...hint })
      return false
    }
  }
}

type MessageOf<Kind extends Message['kind']> = Extract<Message, { readonly kind: Kind }>

const handlers: {
  readonly [Kind in Message['kind']]: (
    core: RaftCore,
    from: VoterId,
    message: MessageOf<Kind>,
  ) => void
} = {
  preVote: onPreVote,
  preVoteResponse: onPreVoteResponse,
  vote: onVote,
  voteResponse: onVoteResponse,
  append: onAppend,
  appendAccepted: onAppendAccepted,
  appendRejected: onAppendRejected,
  heartbeat: onHeartbeat,
  heartbeatResponse: onHeartbeatResponse,
  snapshotChunk: onSnapshotChunk,
  snapshotChunkResponse: onSnapshotChunkResponse,
  timeoutNow: onTimeoutNow,
  observe: onObserve,
  observeResponse: onObserveResponse,
}

function handle<Kind extends Message['kind']>(
  core: RaftCore,
  from: VoterId,
  message: MessageOf<Kind> & { readonly kind: Kind },
): void {
  handlers[message.kind](core, from, message)
}
