// AssignReplicasToDirs (73, KIP-858): a broker says in which directory replicas are. Between
// brokers only. A broker here has one directory, which its registration names, so the only news is
// that the log of a replica is lost: that it is in the reserved directory `oneUuid`.

import { oneUuid } from '@klamm/base'
import {
  AssignReplicasToDirs,
  type AssignReplicasToDirsRequest,
  type AssignReplicasToDirsResponse,
  errorCodes,
} from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'controller'>
type Directory = AssignReplicasToDirsRequest['directories'][number]
type Answer = AssignReplicasToDirsResponse['directories'][number]

export const assignReplicasToDirs = handler({
  schema: AssignReplicasToDirs,
  versions: [0, 0],
  runsOn: 'controller',
  askedBy: 'peer',
  async handle(
    { controller }: Needs,
    _context,
    { brokerId, brokerEpoch, directories }: AssignReplicasToDirsRequest,
  ): Promise<AssignReplicasToDirsResponse> {
    const lost = directories.filter(({ id }) => id === oneUuid)
    const topics = lost.flatMap(directory =>
      directory.topics.map(({ topicId, partitions }) => ({
        topicId,
        partitionIndexes: partitions.map(({ partitionIndex }) => partitionIndex),
      })),
    )
    const reply = await controller.run(active =>
      active.lostReplicas({ brokerId, brokerEpoch, topics }),
    )
    const answered = reply.topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex, error }) => ({
        partitionIndex,
        errorCode: errorCodes[error],
      })),
    }))
    const others = directories.filter(({ id }) => id !== oneUuid).map(refused)
    return {
      throttleTimeMs: 0,
      errorCode: errorCodes[reply.error],
      directories: reply.error === 'NONE' ? [{ id: oneUuid, topics: answered }, ...others] : [],
    }
  },
  refuse: (_request, errorCode) => ({ throttleTimeMs: 0, errorCode, directories: [] }),
})

function refused({ id, topics }: Directory): Answer {
  const errorCode = errorCodes.INVALID_REQUEST
  return {
    id,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }
}
