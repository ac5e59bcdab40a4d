// An image as text, for goldens, logs and tools: one line a broker, topic, partition and config.

import { present } from '@klamm/base'
import type { BrokerImage } from './cluster.ts'
import type { MetadataImage } from './image.ts'
import type { PartitionImage } from './partition.ts'

export function describeImage(image: MetadataImage): string {
  const { offset, epoch } = image.position
  const lines = [`metadata offset=${offset} epoch=${epoch}`]
  for (const name of [...image.features.keys()].sort()) {
    lines.push(`feature ${name}=${image.featureLevel(name)}`)
  }
  for (const id of image.cluster.sortedIds()) {
    lines.push(describeBroker(present(image.cluster.broker(id), 'every id has a broker')))
  }
  for (const name of image.topics.sortedNames()) {
    const topic = present(image.topics.byName(name), 'every name has a topic')
    lines.push(`topic ${name}`)
    topic.partitions.forEach((partition, index) => {
      lines.push(`  ${name}-${index} ${describePartition(partition)}`)
    })
  }
  for (const { type, name, values } of image.configs.resources()) {
    for (const key of [...values.keys()].sort()) {
      lines.push(`config ${type}=${name} ${key}=${values.get(key)}`)
    }
  }
  const { nextProducerId } = image.producerIds
  if (nextProducerId > 0) lines.push(`producer-ids next=${nextProducerId}`)
  return lines.join('\n')
}

export function describePartition(partition: PartitionImage): string {
  const parts = [
    `leader=${partition.leader}`,
    `epoch=${partition.leaderEpoch}/${partition.partitionEpoch}`,
    `replicas=${partition.replicas}`,
    `isr=${partition.isr}`,
  ]
  if (partition.elr.length > 0) parts.push(`elr=${partition.elr}`)
  if (partition.lastKnownElr.length > 0) parts.push(`last-known=${partition.lastKnownElr}`)
  if (partition.addingReplicas.length > 0) parts.push(`adding=${partition.addingReplicas}`)
  if (partition.removingReplicas.length > 0) parts.push(`removing=${partition.removingReplicas}`)
  if (partition.leaderRecoveryState === 'recovering') parts.push('recovering')
  return parts.join(' ')
}

function describeBroker(broker: BrokerImage): string {
  const parts = [`broker ${broker.id}`, `epoch=${broker.epoch}`]
  if (broker.zone !== undefined) parts.push(`zone=${broker.zone}`)
  if (broker.fenced) parts.push('fenced')
  if (broker.inControlledShutdown) parts.push('stopping')
  return parts.join(' ')
}
