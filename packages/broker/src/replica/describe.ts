// One-line text forms of the machines and what they hand out, for scripts, logs and the console.

import type { EpochCache } from './epoch-cache.ts'
import type { IsrProposal } from './isr-state.ts'
import type { LeaderEffect, ReplicaFetchResult } from './leader-types.ts'
import type { OpenTransactions } from './open-transactions.ts'
import type { FollowerAction, FollowerEffect, PartitionFollower } from './partition-follower.ts'
import type { PartitionLeader } from './partition-leader.ts'
import type { ProducerEntry } from './producer-record.ts'
import type { ProducerStates, SequenceVerdict } from './producer-state.ts'

/** `epoch@startOffset`, oldest first. */
export function describeEpochs(epochs: EpochCache): string {
  const entries = epochs.entries.map(({ epoch, startOffset }) => `${epoch}@${startOffset}`)
  return entries.length === 0 ? 'no epochs' : entries.join(' ')
}

export function describeLeader(leader: PartitionLeader): string {
  const { partition, logStartOffset, highWatermark, durableEndOffset, logEndOffset } = leader
  const followers = [...leader.followers.values()].map(
    follower => `${follower.brokerId}:${follower.hasFetched ? follower.logEndOffset : '?'}`,
  )
  const isr = listed(partition.isr)
  const maximal = listed(leader.maximalIsr)
  return [
    `leader ${leader.brokerId} epoch=${leader.leaderEpoch}/${partition.partitionEpoch}`,
    `isr=${isr}${maximal === isr ? '' : ` maximal=${maximal}`}`,
    `start=${logStartOffset} hw=${highWatermark} durable=${durableEndOffset} end=${logEndOffset}`,
    `followers=${followers.join(',')}`,
  ].join(' ')
}

export function describeFollower(follower: PartitionFollower): string {
  const { logStartOffset, highWatermark, durableEndOffset, logEndOffset } = follower
  return [
    `follower epoch=${follower.leaderEpoch} ${follower.state}`,
    `start=${logStartOffset} hw=${highWatermark} durable=${durableEndOffset} end=${logEndOffset}`,
  ].join(' ')
}

export function describeProposal(proposal: IsrProposal): string {
  const isr = proposal.isr.map(({ brokerId, brokerEpoch }) =>
    brokerEpoch < 0 ? `${brokerId}` : `${brokerId}@${brokerEpoch}`,
  )
  const delay = proposal.delayMs === 0 ? '' : ` in ${proposal.delayMs} ms`
  return `propose-isr (${isr.join(',')}) on ${proposal.leaderEpoch}/${proposal.partitionEpoch}${delay}`
}

export function describeLeaderEffect(effect: LeaderEffect): string {
  return effect.kind === 'proposeIsr'
    ? describeProposal(effect)
    : `high-watermark ${effect.highWatermark}`
}

export function describeFetchResult(result: ReplicaFetchResult): string {
  switch (result.kind) {
    case 'read':
      return 'read'
    case 'diverging':
      return `diverging ${result.end.leaderEpoch} ends at ${result.end.endOffset}`
    case 'error':
      return result.error
  }
}

export function describeFollowerAction(action: FollowerAction): string {
  switch (action.kind) {
    case 'append': {
      const restart =
        action.restartAt === undefined ? '' : ` after a restart at ${action.restartAt}`
      return `append ${action.batchCount}${restart}`
    }
    case 'truncate':
      return `truncate to ${action.toOffset}`
    case 'restart':
      return `restart at ${action.logStartOffset}`
    case 'retry':
      return `retry after ${action.error}`
    case 'fail':
      return `fail: ${action.reason}`
    case 'idle':
    case 'ignored':
      return action.kind
  }
}

export function describeFollowerEffect(effect: FollowerEffect): string {
  return effect.kind === 'highWatermarkAdvanced'
    ? `high-watermark ${effect.highWatermark}`
    : `log-start ${effect.logStartOffset}`
}

export function describeVerdict(verdict: SequenceVerdict): string {
  switch (verdict.kind) {
    case 'accept':
      return 'accept'
    case 'duplicate':
      return `duplicate of ${verdict.baseOffset}..${verdict.lastOffset} at ${verdict.timestamp}`
    case 'error':
      return verdict.error
  }
}

export function describeProducer(entry: ProducerEntry): string {
  const batches = entry.batches.map(
    batch => `${batch.firstSequence}-${batch.lastSequence}@${batch.baseOffset}`,
  )
  const open = entry.currentTxnFirstOffset
  return [
    `producer ${entry.producerId} epoch=${entry.producerEpoch}`,
    batches.length === 0 ? 'no batches' : batches.join(' '),
    ...(open === undefined ? [] : [`transaction since ${open}`]),
  ].join(' ')
}

export function describeProducers(states: ProducerStates): string {
  const lines = states.producers().map(describeProducer)
  return [`producers until ${states.endOffset}`, ...lines].join('\n')
}

export function describeTransactions(transactions: OpenTransactions): string {
  const { open, decided, aborted } = transactions.snapshot()
  return [
    `open ${open.map(({ producerId, firstOffset }) => `${producerId}@${firstOffset}`).join(' ')}`,
    `decided ${decided.map(d => `${d.firstOffset}..${d.markerOffset}`).join(' ')}`,
    `aborted ${aborted.map(a => `${a.producerId}@${a.firstOffset}..${a.lastOffset}`).join(' ')}`,
  ]
    .map(line => line.trimEnd())
    .join('\n')
}

function listed(ids: readonly number[]): string {
  return `(${ids.join(',')})`
}
