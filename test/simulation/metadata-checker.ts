// The rules of metadata, looked at whenever a broker has applied more of it.
//
// META-1 one image at one position of the log, on every broker and in every incarnation
// REP-5 leader epochs in the metadata never fall, partition epochs rise by the change
// REP-7 whoever the controller counts as in sync or eligible holds the leader's high watermark back
// REP-8, REP-9, REP-10 who is in sync or eligible holds everything committed, and has proved it

import type { Broker } from '@klamm/broker'
// Not part of what the broker offers to others.
import { imageHash } from '../../packages/broker/src/metadata/image/image-hash.ts'
import type { PartitionChecker } from './partition-checker.ts'
import { demand } from './violation.ts'

type Image = Broker['quorum']['image']
type Partition = NonNullable<ReturnType<Image['topics']['partition']>>

interface PartitionEpochs {
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly isr: readonly number[]
}

export interface MetadataCheckerOptions {
  readonly partition: (topicId: string, index: number) => PartitionChecker | undefined
  /** The broker, while it runs. */
  readonly broker: (brokerId: number) => Broker | undefined
  /** Whether the broker may have proved that it stopped cleanly before it came back. */
  readonly mayBeClean: (brokerId: number) => boolean
}

export class MetadataChecker {
  readonly #options: MetadataCheckerOptions
  readonly #hashAt = new Map<number, string>()
  readonly #seen = new WeakMap<Broker, Image>()
  readonly #epochs = new Map<string, PartitionEpochs>()
  #newest: Image | undefined

  constructor(options: MetadataCheckerOptions) {
    this.#options = options
  }

  get newestOffset(): number {
    return this.#newest?.position.offset ?? 0
  }

  look(broker: Broker): void {
    const { image } = broker.quorum
    const before = this.#seen.get(broker)
    if (image === before) return
    this.#seen.set(broker, image)
    const { offset } = image.position
    demand('META-1', before === undefined || offset >= before.position.offset, () => {
      return `broker ${broker.brokerId} went back from ${before?.position.offset} to ${offset}`
    })
    const known = this.#hashAt.get(offset)
    const hash = imageHash(image)
    demand('META-1', known === undefined || known === hash, () => {
      return `broker ${broker.brokerId} has another image at ${offset} than others had`
    })
    this.#hashAt.set(offset, hash)
    if (offset <= this.newestOffset) return
    this.#newest = image
    this.#lookAtPartitions(image)
    for (const { id, epoch } of image.cluster.brokers.values()) {
      // The epoch of a broker is where its registration is in the log.
      if (epoch === offset) this.#registered(id, image)
    }
  }

  /** Who joins the ISR has fetched from the leader in the very incarnation that joins. */
  #joined(topicId: string, index: number, joined: readonly number[], image: Image): void {
    const partition = image.topics.partition(topicId, index)
    if (partition === undefined || joined.length === 0) return
    const leader = this.#options.broker(partition.leader)?.partitions.get(topicId, index)?.leader
    if (leader?.leaderEpoch !== partition.leaderEpoch) return
    for (const id of joined) {
      // Elected from the ELR, it is the ISR.
      if (id === partition.leader) continue
      const seen = leader.followers.get(id)?.brokerEpoch ?? -1
      const now = image.cluster.broker(id)?.epoch ?? -1
      demand('REP-10', seen >= now, () => {
        return `broker ${id} joins in epoch ${now}, the leader has seen it in ${seen}`
      })
    }
  }

  /** A leader that may acknowledge counts on everybody who may be made leader after it. */
  #mustBeCounted(
    topicId: string,
    index: number,
    { leader: leaderId, leaderEpoch, isr, elr }: Partition,
  ): void {
    const leader = this.#options.broker(leaderId)?.partitions.get(topicId, index)?.leader
    if (leader === undefined || leader.leaderEpoch !== leaderEpoch) return
    if (!leader.minIsrSatisfied) return
    for (const id of [...isr, ...elr]) {
      demand('REP-7', leader.maximalIsr.includes(id), () => {
        return `broker ${id} may lead ${topicId}-${index}, its leader counts ${leader.maximalIsr}`
      })
    }
  }

  /** Who comes back is in no ISR, and eligible only with the proof of a clean stop. */
  #registered(brokerId: number, image: Image): void {
    const mayBeEligible = this.#options.mayBeClean(brokerId)
    for (const { name, partitions } of image.topics.values()) {
      for (const [index, { isr, elr }] of partitions.entries()) {
        const isOut = !isr.includes(brokerId) && (mayBeEligible || !elr.includes(brokerId))
        demand('REP-9', isOut, () => {
          return `broker ${brokerId} comes back to ${name}-${index}, isr ${isr}, elr ${elr}`
        })
      }
    }
  }

  #lookAtPartitions(image: Image): void {
    for (const topic of image.topics.values()) {
      topic.partitions.forEach((partition, index) => {
        const key = `${topic.id}-${index}`
        const { leaderEpoch, partitionEpoch, isr, elr } = partition
        const before = this.#epochs.get(key)
        if (before?.partitionEpoch === partitionEpoch) return
        this.#epochs.set(key, { leaderEpoch, partitionEpoch, isr })
        if (before !== undefined) {
          demand('REP-5', leaderEpoch >= before.leaderEpoch, () => `${key}: the leader epoch fell`)
          demand('REP-5', partitionEpoch > before.partitionEpoch, () => `${key}: epoch fell`)
        }
        this.#joined(
          topic.id,
          index,
          isr.filter(id => before?.isr.includes(id) === false),
          image,
        )
        this.#mustBeCounted(topic.id, index, partition)
        const checker = this.#options.partition(topic.id, index)
        for (const id of isr) checker?.mustHoldOnDisk('REP-8', id)
        for (const id of elr) checker?.mustHoldOnDisk('REP-8', id)
      })
    }
  }
}
