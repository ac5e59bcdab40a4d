// Packets of every kind with random content: for the codec, and to see that no
// packet can break a node.

import type { Random } from '@klamm/base'
import type { Message, Packet } from '../message.ts'
import type { Configuration, Entry, VoterId } from '../types.ts'
import { testVoter } from './ids.ts'

export function randomPacket(random: Random, to: VoterId = randomVoter(random)): Packet {
  return { from: randomVoter(random), to, message: randomMessage(random) }
}

export function randomMessage(random: Random): Message {
  const small = () => random.below(8)
  const kind = random.pick(kinds)
  const term = small()
  switch (kind) {
    case 'preVote':
      return { kind, term, candidateTerm: small(), lastIndex: small(), lastTerm: small() }
    case 'preVoteResponse': {
      const granted = random.chance(0.5)
      return { kind, term, candidateTerm: small(), granted, leader: maybeVoter(random) }
    }
    case 'vote': {
      const transfer = random.chance(0.5)
      return { kind, term, lastIndex: small(), lastTerm: small(), transfer }
    }
    case 'voteResponse':
      return { kind, term, granted: random.chance(0.7) }
    case 'append': {
      const prevIndex = small()
      const entries = randomEntries(random, prevIndex)
      return { kind, term, prevIndex, prevTerm: small(), commit: small(), entries }
    }
    case 'appendAccepted':
      return { kind, term, matchIndex: small() }
    case 'appendRejected':
      return { kind, term, prevIndex: small(), hintIndex: small(), hintTerm: small() }
    case 'heartbeat':
      return { kind, term, commit: small(), round: small() }
    case 'heartbeatResponse':
      return { kind, term, round: small() }
    case 'snapshotChunk': {
      const head = { snapshotIndex: small(), snapshotTerm: small() }
      const configuration = randomConfiguration(random)
      const data = random.bytes(small())
      return { kind, term, ...head, configuration, totalBytes: small(), offset: small(), data }
    }
    case 'snapshotChunkResponse':
      return { kind, term, snapshotIndex: small(), offset: small() * 10 }
    case 'timeoutNow':
    case 'observe':
      return { kind, term }
    case 'observeResponse':
      return { kind, term, leader: maybeVoter(random) }
  }
}

const kinds = [
  'preVote',
  'preVoteResponse',
  'vote',
  'voteResponse',
  'append',
  'appendAccepted',
  'appendRejected',
  'heartbeat',
  'heartbeatResponse',
  'snapshotChunk',
  'snapshotChunkResponse',
  'timeoutNow',
  'observe',
  'observeResponse',
] as const satisfies readonly Message['kind'][]

/** Mostly in order, as a node would send them; sometimes not. */
function randomEntries(random: Random, prevIndex: number): Entry[] {
  const entries: Entry[] = []
  let term = random.below(4)
  for (let i = 0; i < random.below(4); i++) {
    term += random.below(2)
    const index = random.chance(0.95) ? prevIndex + 1 + i : random.below(8)
    entries.push(randomEntry(random, term, index))
  }
  return entries
}

function randomEntry(random: Random, term: number, index: number): Entry {
  const kind = random.pick(['normal', 'config', 'noop'] as const)
  if (kind === 'normal') return { kind, term, index, data: random.bytes(random.below(5)) }
  if (kind === 'noop') return { kind, term, index }
  return { kind, term, index, configuration: randomConfiguration(random) }
}

function randomConfiguration(random: Random): Configuration {
  const voters = [1, 2, 3, 4].filter(() => random.chance(0.6)).map(nodeId => testVoter(nodeId))
  return { voters: voters.length === 0 ? [testVoter(1)] : voters }
}

function randomVoter(random: Random): VoterId {
  return testVoter(1 + random.below(4), random.below(2))
}

function maybeVoter(random: Random): VoterId | undefined {
  return random.chance(0.5) ? randomVoter(random) : undefined
}
