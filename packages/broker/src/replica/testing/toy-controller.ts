// The controller of one partition, as far as replication needs one: registrations with epochs,
// fencing, ISR changes, elections from ISR and ELR (KIP-497, KIP-903, KIP-966). It commits in one
// instant; everybody else hears of it later.

import { assert, type Random } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import type { CommittedIsr, IsrProposal, PartitionState } from '../isr-state.ts'

/** What the metadata say after one change. */
export interface ToyImage extends PartitionState {
  /** -1: none. */
  readonly leader: number
  readonly elr: readonly number[]
  /** Unfenced brokers with their epochs. */
  readonly eligible: ReadonlyMap<number, number>
}

export interface ToyControllerOptions {
  readonly replicas: readonly number[]
  readonly minInsyncReplicas: number
  /** False in a mutant (KIP-903). */
  readonly checksBrokerEpochs: boolean
}

interface Registration {
  readonly brokerEpoch: number
  readonly isFenced: boolean
}

export class ToyController {
  readonly #options: ToyControllerOptions
  readonly #brokers = new Map<number, Registration>()
  #nextBrokerEpoch = 100
  readonly images: ToyImage[] = []
  /** Called after each change. */
  onChange: () => void = () => undefined

  constructor(options: ToyControllerOptions) {
    this.#options = options
    for (const id of options.replicas) {
      this.#brokers.set(id, { brokerEpoch: this.#nextBrokerEpoch++, isFenced: false })
    }
    this.images.push({
      leader: options.replicas[0] as number,
      leaderEpoch: 0,
      partitionEpoch: 0,
      replicas: options.replicas,
      isr: options.replicas,
      elr: [],
      eligible: this.#eligible(),
    })
  }

  get image(): ToyImage {
    return this.images.at(-1) as ToyImage
  }

  brokerEpoch(id: number): number {
    return this.#broker(id).brokerEpoch
  }

  isFenced(id: number): boolean {
    return this.#broker(id).isFenced
  }

  /** A broker comes back, fenced. One that cannot prove that its log is whole is in no set. */
  register(id: number, isLogWhole: boolean): number {
    const brokerEpoch = this.#nextBrokerEpoch++
    this.#brokers.set(id, { brokerEpoch, isFenced: true })
    this.#leaveIsr(id, isLogWhole)
    return brokerEpoch
  }

  fence(id: number, brokerEpoch: number): void {
    if (this.#broker(id).brokerEpoch !== brokerEpoch || this.isFenced(id)) return
    this.#brokers.set(id, { brokerEpoch, isFenced: true })
    this.#leaveIsr(id, true)
  }

  unfence(id: number, brokerEpoch: number): void {
    if (this.#broker(id).brokerEpoch !== brokerEpoch || !this.isFenced(id)) return
    this.#brokers.set(id, { brokerEpoch, isFenced: false })
    const { leader, isr, elr } = this.image
    this.#commit(leader === -1 ? this.#elected(isr, elr) : {})
  }

  /** Moves the leadership within the ISR. */
  electAny(random: Random): void {
    const { isr, leader, leaderEpoch } = this.image
    const candidates = isr.filter(id => !this.isFenced(id))
    if (leader === -1 || candidates.length === 0) return
    this.#commit({ leader: random.pick(candidates), leaderEpoch: leaderEpoch + 1 })
  }

  alterPartition(
    from: number,
    brokerEpoch: number,
    proposal: IsrProposal,
  ): ErrorName | CommittedIsr {
    const { image } = this
    if (this.#broker(from).brokerEpoch !== brokerEpoch) return 'STALE_BROKER_EPOCH'
    if (proposal.leaderEpoch !== image.leaderEpoch) return 'FENCED_LEADER_EPOCH'
    if (from !== image.leader) return 'INVALID_REQUEST'
    if (proposal.partitionEpoch !== image.partitionEpoch) return 'INVALID_UPDATE_VERSION'
    for (const member of proposal.isr) {
      if (this.#mayBeMember(member.brokerId, member.brokerEpoch)) continue
      // Another copy of the proposal must not be accepted later.
      this.#commit({ isr: image.isr })
      return 'INELIGIBLE_REPLICA'
    }
    const isr = proposal.isr.map(({ brokerId }) => brokerId)
    const removed = image.isr.filter(id => !isr.includes(id))
    this.#commit({ isr, elr: this.#elrAfter(isr, [...image.elr, ...removed]) })
    return this.image
  }

  #mayBeMember(id: number, brokerEpoch: number): boolean {
    const broker = this.#broker(id)
    if (broker.isFenced) return false
    if (!this.#options.checksBrokerEpochs) return true
    return brokerEpoch === broker.brokerEpoch || (brokerEpoch < 0 && this.image.isr.includes(id))
  }

  /**
   * Who leaves a set that is too small to accept writes holds everything committed, and stays
   * eligible, if its log is whole.
   */
  #leaveIsr(id: number, isLogWhole: boolean): void {
    const { leader, isr, elr } = this.image
    const isMember = isr.includes(id)
    const isLost = elr.includes(id) && !isLogWhole
    if (!isMember && !isLost) {
      this.#commit({})
      return
    }
    const newIsr = isr.filter(member => member !== id)
    const kept = elr.filter(member => member !== id || isLogWhole)
    const newElr = this.#elrAfter(newIsr, isMember && isLogWhole ? [...kept, id] : kept)
    this.#commit(
      leader === id || leader === -1 ? this.#elected(newIsr, newElr) : { isr: newIsr, elr: newElr },
    )
  }

  #elrAfter(isr: readonly number[], candidates: readonly number[]): readonly number[] {
    if (isr.length >= this.#options.minInsyncReplicas) return []
    return [...new Set(candidates)].filter(id => !isr.includes(id))
  }

  #elected(isr: readonly number[], elr: readonly number[]): Partial<ToyImage> {
    const leaderEpoch = this.image.leaderEpoch + 1
    const fromIsr = isr.find(id => !this.isFenced(id))
    if (fromIsr !== undefined) return { leader: fromIsr, leaderEpoch, isr, elr }
    const fromElr = elr.find(id => !this.isFenced(id))
    if (fromElr === undefined) {
      return this.image.leader === -1 ? { isr, elr } : { leader: -1, leaderEpoch, isr, elr }
    }
    const [newIsr, rest] = [[fromElr], [...elr, ...isr].filter(id => id !== fromElr)]
    return { leader: fromElr, leaderEpoch, isr: newIsr, elr: this.#elrAfter(newIsr, rest) }
  }

  #commit(change: Partial<ToyImage>): void {
    const { partitionEpoch } = this.image
    const isPartitionChange = Object.keys(change).length > 0
    const next: ToyImage = {
      ...this.image,
      ...change,
      partitionEpoch: isPartitionChange ? partitionEpoch + 1 : partitionEpoch,
      eligible: this.#eligible(),
    }
    assert(next.leader === -1 || next.isr.includes(next.leader), 'the leader is in the ISR')
    this.images.push(next)
    this.onChange()
  }

  #eligible(): ReadonlyMap<number, number> {
    const eligible = new Map<number, number>()
    for (const [id, broker] of this.#brokers) {
      if (!broker.isFenced) eligible.set(id, broker.brokerEpoch)
    }
    return eligible
  }

  #broker(id: number): Registration {
    const broker = this.#brokers.get(id)
    assert(broker !== undefined, 'a registered broker')
    return broker
  }
}
