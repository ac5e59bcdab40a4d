// Script commands about a leader.
//
//   leader id=1 epoch=5 replicas=(1,2,3) isr=(1,2) end=10 [hw= durable= start= min= lag= epochs=]
//   brokers are=(2@7,3@9)      who may be in sync, with which broker epoch
//   append end=12    flush [end=12]    start offset=4    min size=2    tick at=40
//   fetch replica=2 offset=10 at=1 [last=4] [broker=7] [epoch=5] [start=0]
//   committed isr=(1,2,3) partition-epoch=1    refused error=E    answers to the last proposal
//   update partition-epoch=2 [isr=] [replicas=]
//   ends epoch=3    may-append acks=-1    result end=12    leader?

import { describeFetchResult, describeLeader, describeLeaderEffect } from '../describe.ts'
import type { ProposalError } from '../isr-state.ts'
import { PartitionLeader } from '../partition-leader.ts'
import { type Command, epochsOf, needed, pairs, type ScriptState } from './script-state.ts'

/** Undefined: not a command about leaders. */
export function leaderCommand(line: Command, state: ScriptState): readonly string[] | undefined {
  if (line.name === 'leader') {
    const leader = newLeader(line, state)
    state.leader = leader
    return effects(leader, state)
  }
  const input = inputs[line.name]
  if (input === undefined) return undefined
  const leader = needed(state.leader, 'leader')
  const output = input(leader, line, state) ?? []
  return [...output, ...effects(leader, state)]
}

type Input = (
  leader: PartitionLeader,
  line: Command,
  state: ScriptState,
) => readonly string[] | undefined

const inputs: Readonly<Record<string, Input | undefined>> = {
  brokers(leader, line) {
    leader.brokersChanged(new Map(pairs(line, 'are')))
    return undefined
  },
  append(leader, line, state) {
    state.epochs.assign(leader.leaderEpoch, leader.logEndOffset)
    leader.appended(line.number('end'))
    return undefined
  },
  flush(leader, line) {
    leader.durable(line.number('end', leader.logEndOffset))
    return undefined
  },
  fetch: followerFetched,
  committed(leader, line, state) {
    const isr = line.numbers('isr')
    const partitionEpoch = line.number('partition-epoch')
    const { leaderEpoch } = leader
    leader.isrCommitted({ isr, leaderEpoch, partitionEpoch }, needed(state.proposal, 'proposal'))
    return undefined
  },
  refused(leader, line, state) {
    const error = line.string('error') as ProposalError
    leader.isrProposalFailed(error, needed(state.proposal, 'proposal'))
    return undefined
  },
  update(leader, line) {
    const { partition } = leader
    leader.controllerUpdate({
      leaderEpoch: leader.leaderEpoch,
      partitionEpoch: line.number('partition-epoch'),
      isr: line.numbers('isr', partition.isr),
      replicas: line.numbers('replicas', partition.replicas),
    })
    return undefined
  },
  min(leader, line) {
    leader.minInsyncReplicasChanged(line.number('size'))
    return undefined
  },
  tick(leader, line) {
    leader.tick(line.number('at'))
    return undefined
  },
  start(leader, line) {
    leader.logStartAdvanced(line.number('offset'))
    return undefined
  },
  ends(leader, line) {
    const end = leader.endOfEpoch(line.number('epoch'))
    return [end === undefined ? 'unknown' : `${end.leaderEpoch} ends at ${end.endOffset}`]
  },
  'may-append': (leader, line) => [leader.appendError(line.number('acks'))],
  result: (leader, line) => [leader.commitResult(line.number('end'))],
  'leader?': leader => {
    const told = leader.clientHighWatermark()
    return [describeLeader(leader), `clients ${told === undefined ? 'wait' : `see ${told}`}`]
  },
}

function newLeader(line: Command, state: ScriptState): PartitionLeader {
  const replicas = line.numbers('replicas')
  const logEndOffset = line.number('end')
  const durableEndOffset = line.number('durable', logEndOffset)
  const epochs = epochsOf(line)
  state.epochs = epochs
  return new PartitionLeader({
    brokerId: line.number('id'),
    brokerEpoch: 0,
    partition: {
      leaderEpoch: line.number('epoch'),
      partitionEpoch: 0,
      replicas,
      isr: line.numbers('isr'),
    },
    eligibleBrokers: new Map(replicas.map(id => [id, 0])),
    minInsyncReplicas: line.number('min', 1),
    replicaLagTimeMaxMs: line.number('lag', 30),
    offsets: {
      logStartOffset: line.number('start', 0),
      highWatermark: line.number('hw', 0),
      durableEndOffset,
      logEndOffset,
    },
    epochs,
    nowMs: 0,
  })
}

function followerFetched(leader: PartitionLeader, line: Command): readonly string[] {
  const fetchOffset = line.number('offset')
  const result = leader.followerFetched({
    replicaId: line.number('replica'),
    brokerEpoch: line.number('broker', 0),
    currentLeaderEpoch: line.number('epoch', leader.leaderEpoch),
    fetchOffset,
    lastFetchedEpoch: line.number('last', -1),
    logStartOffset: line.number('start', 0),
    nowMs: line.number('at'),
  })
  return result.kind === 'read' ? [] : [describeFetchResult(result)]
}

function effects(leader: PartitionLeader, state: ScriptState): readonly string[] {
  return leader.takeEffects().map(effect => {
    if (effect.kind === 'proposeIsr') state.proposal = effect
    return describeLeaderEffect(effect)
  })
}
