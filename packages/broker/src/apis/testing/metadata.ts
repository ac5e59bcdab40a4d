// Metadata for tests of handlers: a few topics whose leaders are said.

import { imageAfter, MetadataImage, type MetadataRecord } from '../../metadata/index.ts'
import type { MetadataService } from '../../services.ts'

export interface TestTopic {
  readonly name: string
  /** 22 characters of base64url. */
  readonly id: string
  /** By partition; -1 for none. */
  readonly leaders: readonly number[]
}

/** Brokers 1 to 3 at `broker-<id>:909<id>`, those in `fenced` fenced. */
export function metadataOf(
  topics: readonly TestTopic[],
  fenced: readonly number[] = [],
): MetadataService {
  const records: MetadataRecord[] = []
  for (const brokerId of [1, 2, 3]) {
    records.push({
      kind: 'registerBroker',
      brokerId,
      brokerEpoch: brokerId,
      incarnationId: 'AAAAAAAAAAAAAAAAAAAAAQ',
      endpoints: [
        {
          listener: 'PLAINTEXT',
          host: `broker-${brokerId}`,
          port: 9090 + brokerId,
          securityProtocol: 0,
        },
      ],
      features: [],
      zone: undefined,
      fenced: fenced.includes(brokerId),
      inControlledShutdown: false,
      logDirs: [],
    })
  }
  for (const { id: topicId, name, leaders } of topics) {
    records.push({ kind: 'topic', topicId, name })
    leaders.forEach((leader, partitionIndex) => {
      records.push(partition(topicId, partitionIndex, leader))
    })
  }
  const image = imageAfter(MetadataImage.empty, records, { offset: 1, epoch: 1 })
  return { image, controllerId: 1 }
}

function partition(topicId: string, partitionIndex: number, leader: number): MetadataRecord {
  return {
    kind: 'partition',
    topicId,
    partitionIndex,
    replicas: [1, 2, 3],
    isr: leader < 0 ? [] : [leader],
    elr: leader < 0 ? [1] : [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader,
    leaderRecoveryState: 'recovered',
    leaderEpoch: 0,
    partitionEpoch: 0,
  }
}
