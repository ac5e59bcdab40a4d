// One line of text for everything: script tests, logs, the command line. Data shows as text when it
// is printable, else as its length.

import { readableBytes } from '@klamm/base'
import type { Message, Packet } from './message.ts'
import type { Ready, Write } from './ready.ts'
import type { Refused } from './results.ts'
import type { FollowerStatus, Status } from './status.ts'
import type { Configuration, Entry, HardState, Snapshot, VoterId } from './types.ts'

/** `1@Ab3d`: the node and the beginning of its directory. */
export function describeVoter(id: VoterId | undefined): string {
  return id === undefined ? '-' : `${id.nodeId}@${id.directoryId.slice(0, 4)}`
}

export function describeConfiguration(configuration: Configuration): string {
  return `(${configuration.voters.map(describeVoter).join(' ')})`
}

/** `index/term` and what it is. */
export function describeEntry(entry: Entry): string {
  const position = `${entry.index}/${entry.term}`
  switch (entry.kind) {
    case 'normal':
      return `${position} "${readableBytes(entry.data, 16)}"`
    case 'config':
      return `${position} voters ${describeConfiguration(entry.configuration)}`
    case 'noop':
      return `${position} noop`
  }
}

export function describeEntries(entries: readonly Entry[]): string {
  return `[${entries.map(describeEntry).join(', ')}]`
}

export function describeHardState(hardState: HardState): string {
  return `term=${hardState.term} voted=${describeVoter(hardState.votedFor)}`
}

export function describeSnapshot(snapshot: Snapshot): string {
  const { index, term, configuration, data } = snapshot
  return `${index}/${term} ${describeConfiguration(configuration)} ${data.length} bytes`
}

export function describePacket(packet: Packet): string {
  const route = `${describeVoter(packet.from)}->${describeVoter(packet.to)}`
  return `${route} ${describeMessage(packet.message)}`
}

export function describeMessage(message: Message): string {
  const details = describeDetails(message)
  const head = `${message.kind} term=${message.term}`
  return details === '' ? head : `${head} ${details}`
}

function describeDetails(message: Message): string {
  switch (message.kind) {
    case 'preVote':
      return `for=${message.candidateTerm} last=${message.lastIndex}/${message.lastTerm}`
    case 'preVoteResponse':
      return `for=${message.candidateTerm} ${granted(message)} leader=${describeVoter(message.leader)}`
    case 'vote': {
      const transfer = message.transfer ? ' transfer' : ''
      return `last=${message.lastIndex}/${message.lastTerm}${transfer}`
    }
    case 'voteResponse':
      return granted(message)
    case 'append': {
      const { commit, entries, prevIndex, prevTerm } = message
      return `prev=${prevIndex}/${prevTerm} commit=${commit} ${describeEntries(entries)}`
    }
    case 'appendAccepted':
      return `match=${message.matchIndex}`
    case 'appendRejected':
      return `prev=${message.prevIndex} hint=${message.hintIndex}/${message.hintTerm}`
    case 'heartbeat':
      return `commit=${message.commit} round=${message.round}`
    case 'heartbeatResponse':
      return `round=${message.round}`
    case 'snapshotChunk': {
      const { data, offset, snapshotIndex, snapshotTerm, totalBytes } = message
      const range = `${offset}+${data.length}/${totalBytes}`
      return `at=${snapshotIndex}/${snapshotTerm} bytes=${range}`
    }
    case 'snapshotChunkResponse':
      return `at=${message.snapshotIndex} has=${message.offset}`
    case 'timeoutNow':
    case 'observe':
      return ''
    case 'observeResponse':
      return `leader=${describeVoter(message.leader)}`
  }
}

/** One line per part of the work, in the order in which it is described in `Ready`. */
export function describeReady(ready: Ready): string {
  const lines: string[] = []
  if (ready.role !== undefined) {
    const { leader, role, term } = ready.role
    lines.push(`role ${role} term=${term} leader=${describeVoter(leader)}`)
  }
  for (const packet of ready.send) lines.push(`send ${describePacket(packet)}`)
  if (ready.write !== undefined) lines.push(`write ${ready.id}: ${describeWrite(ready.write)}`)
  if (ready.restore !== undefined) lines.push(`restore ${describeSnapshot(ready.restore)}`)
  if (ready.apply.length > 0) lines.push(`apply ${describeEntries(ready.apply)}`)
  for (const read of ready.reads) lines.push(`read ${read.requestId} at=${read.index}`)
  for (const requestId of ready.failedReads) lines.push(`read ${requestId} failed`)
  return lines.join('\n')
}

export function describeWrite(write: Write): string {
  const parts: string[] = []
  if (write.truncateFrom !== undefined) parts.push(`truncate from ${write.truncateFrom}`)
  if (write.snapshot !== undefined) parts.push(`snapshot ${describeSnapshot(write.snapshot)}`)
  if (write.logStart !== undefined) {
    parts.push(`start ${write.logStart.index}/${write.logStart.term}`)
  }
  if (write.entries.length > 0) parts.push(describeEntries(write.entries))
  if (write.hardState !== undefined) parts.push(describeHardState(write.hardState))
  return parts.join('; ')
}

/** The node on one line, then a line per follower. */
export function describeStatus(status: Status): string {
  const lines = [
    `${describeVoter(status.id)} ${status.role} term=${status.term}` +
      ` voted=${describeVoter(status.votedFor)} leader=${describeVoter(status.leader)}` +
      ` applied=${status.appliedIndex} commit=${status.commitIndex}` +
      ` durable=${status.durableIndex} last=${status.lastIndex}/${status.lastTerm}` +
      ` start=${status.logStartIndex} snapshot=${status.snapshotIndex}` +
      ` voters=${describeConfiguration(status.configuration)}@${status.configurationIndex}`,
  ]
  if (status.unreadableReason !== undefined) lines.push(`  unreadable: ${status.unreadableReason}`)
  for (const follower of status.followers) lines.push(`  ${describeFollower(follower)}`)
  return lines.join('\n')
}

export function describeFollower(follower: FollowerStatus): string {
  const { id, inflightAppends, isVoter, matchIndex, nextIndex, state } = follower
  const kind = isVoter ? 'voter' : 'observer'
  return (
    `${describeVoter(id)} ${kind} ${state} match=${matchIndex} next=${nextIndex}` +
    ` inflight=${inflightAppends}`
  )
}

/** The answer to a proposal, a configuration change, a read or a transfer. */
export function describeRefusal(result: Refused<string>): string {
  return `refused: ${result.reason}, leader=${describeVoter(result.leader)}`
}

function granted(message: { readonly granted: boolean }): string {
  return message.granted ? 'granted' : 'refused'
}
