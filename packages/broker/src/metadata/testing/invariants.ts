// What must hold after every decision, stated apart from the code that is to make it hold. Returns
// the first violation in words.

import { imageFromSnapshot } from '../image/delta.ts'
import { describePartition } from '../image/describe.ts'
import type { MetadataImage } from '../image/image.ts'
import { imageHash } from '../image/image-hash.ts'
import type { PartitionImage } from '../image/partition.ts'
import { noLeader } from '../records/records.ts'
import { batchFromPlain, batchToPlain } from '../records/registry.ts'

/** With what was set for topics alone. */
export function minIsrOf(image: MetadataImage, topic: string): number {
  return Number(image.configs.of('topic', topic).get('min.insync.replicas') ?? 1)
}

/** Of one image by itself. */
export function violationOf(image: MetadataImage, minIsrOf: (topic: string) => number) {
  for (const topic of image.topics.values()) {
    if (image.topics.byName(topic.name) !== topic) return `${topic.name} is not found by name`
    for (const partition of topic.partitions) {
      const minIsr = Math.min(minIsrOf(topic.name), partition.replicas.length)
      const violation = violationOfPartition(image, partition, minIsr)
      if (violation !== undefined) return `${violation}: ${describePartition(partition)}`
    }
  }
  return undefined
}

function violationOfPartition(image: MetadataImage, partition: PartitionImage, minIsr: number) {
  const { replicas, isr, elr, leader, lastKnownElr } = partition
  if (new Set(replicas).size < replicas.length) return 'a broker has two replicas'
  if (new Set(isr).size < isr.length) return 'a broker is in the ISR twice'
  if (!isr.every(id => replicas.includes(id))) return 'the ISR is not among the replicas'
  if (!elr.every(id => replicas.includes(id))) return 'the ELR is not among the replicas'
  if (elr.some(id => isr.includes(id))) return 'a broker is in ISR and ELR'
  if (elr.length > 0 && isr.length >= minIsr) return 'an ELR beside a full ISR'
  if (leader !== noLeader && !isr.includes(leader)) return 'the leader is not in the ISR'
  if (leader === noLeader && isr.length > 0) return 'an ISR without a leader'
  if (lastKnownElr.length > 1) return 'more than one last known leader'
  if (leader !== noLeader && lastKnownElr.length > 0) return 'a last known leader beside a leader'
  for (const id of isr) {
    if (!image.cluster.isActive(id)) return `broker ${id} is in the ISR and not active`
  }
  if (leader !== noLeader) return undefined
  const eligible = elr.filter(id => image.cluster.isActive(id))
  return eligible.length > 0 ? `broker ${eligible[0]} could lead` : undefined
}

/** Of two images, one decision apart. */
export function violationBetween(before: MetadataImage, after: MetadataImage) {
  for (const broker of after.cluster.brokers.values()) {
    const epoch = before.cluster.broker(broker.id)?.epoch ?? -1
    if (broker.epoch < epoch) return `the epoch of broker ${broker.id} fell`
  }
  if (after.producerIds.nextProducerId < before.producerIds.nextProducerId) {
    return 'producer ids are handed out again'
  }
  for (const topic of after.topics.values()) {
    const old = before.topics.byId(topic.id)
    for (const [index, partition] of topic.partitions.entries()) {
      const violation = violationOfChange(old?.partitions[index], partition)
      if (violation === undefined) continue
      return `${violation}: ${topic.name}-${index} ${describePartition(partition)}`
    }
    if ((old?.partitions.length ?? 0) > topic.partitions.length) return 'partitions went away'
  }
  return undefined
}

function violationOfChange(before: PartitionImage | undefined, after: PartitionImage) {
  if (before === undefined || before === after) return undefined
  // Two images may have come about apart.
  if (describePartition(before) === describePartition(after)) return undefined
  if (after.partitionEpoch !== before.partitionEpoch + 1) return 'the partition epoch is not +1'
  const raise = after.leaderEpoch - before.leaderEpoch
  if (raise !== 0 && raise !== 1) return 'the leader epoch fell or leapt'
  if (after.leader !== before.leader && raise !== 1) return 'another leader in the same epoch'
  const isUnclean =
    after.leaderRecoveryState === 'recovering' && before.leaderRecoveryState === 'recovered'
  const knew = [...before.isr, ...before.elr]
  if (after.leader !== noLeader && raise === 1 && !knew.includes(after.leader)) {
    // Who completes a reassignment by joining the ISR may lead by the same change.
    const completes = before.removingReplicas.length > 0 && after.removingReplicas.length === 0
    const isKnown = isUnclean || completes || before.leaderRecoveryState === 'recovering'
    if (!isKnown) return 'a leader that was neither in ISR nor ELR, and not said to recover'
  }
  return after.elr.every(id => knew.includes(id)) ? undefined : 'the ELR grew by an outsider'
}

/** The image, the one replayed from the log, and the one from its snapshot are the same. */
export function violationOfCopies(image: MetadataImage, replayed: MetadataImage) {
  const hash = imageHash(image)
  if (imageHash(replayed) !== hash) return 'replaying the log gives another image'
  const plain = JSON.parse(JSON.stringify(batchToPlain(image.toRecords())))
  const restored = imageFromSnapshot(batchFromPlain(plain), image.position)
  return imageHash(restored) === hash ? undefined : 'the snapshot gives another image'
}
