// AlterPartition (56, KIP-497): the leader of partitions proposes their ISRs to the active
// controller. Between brokers only. v3 names the epochs of the members (KIP-903); members that v2
// names have none, so that it cannot let anybody in.

import {
  AlterPartition,
  type AlterPartitionRequest,
  type AlterPartitionResponse,
  errorCodes,
} from '@klamm/protocol'
import type { AlteredPartition, LeaderRecoveryState, ProposedPartition } from '../metadata/index.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'controller'>
type Partition = AlterPartitionRequest['topics'][number]['partitions'][number]

export const alterPartition = handler({
  schema: AlterPartition,
  versions: [2, 3],
  runsOn: 'controller',
  askedBy: 'peer',
  async handle(
    { controller }: Needs,
    { apiVersion },
    { brokerId, brokerEpoch, topics }: AlterPartitionRequest,
  ): Promise<AlterPartitionResponse> {
    const proposal = {
      brokerId,
      brokerEpoch,
      topics: topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(partition => proposed(partition, apiVersion)),
      })),
    }
    const reply = await controller.run(active => active.alterPartition(proposal))
    return {
      throttleTimeMs: 0,
      errorCode: errorCodes[reply.error],
      topics: reply.topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(answer),
      })),
    }
  },
  refuse: (_request, errorCode) => ({ throttleTimeMs: 0, errorCode, topics: [] }),
})

const recoveryStates: readonly LeaderRecoveryState[] = ['recovered', 'recovering']

function proposed(partition: Partition, apiVersion: number): ProposedPartition {
  return {
    partitionIndex: partition.partitionIndex,
    leaderEpoch: partition.leaderEpoch,
    partitionEpoch: partition.partitionEpoch,
    newIsr:
      apiVersion >= 3
        ? partition.newIsrWithEpochs
        : partition.newIsr.map(brokerId => ({ brokerId, brokerEpoch: -1 })),
    leaderRecoveryState: recoveryStates[partition.leaderRecoveryState] ?? 'recovering',
  }
}

function answer({ error, leaderRecoveryState, ...state }: AlteredPartition) {
  return {
    ...state,
    errorCode: errorCodes[error],
    leaderRecoveryState: recoveryStates.indexOf(leaderRecoveryState),
  }
}
