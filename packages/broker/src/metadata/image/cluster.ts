// The brokers of an image, and the delta that replays records about them.

import { assert, present } from '@klamm/base'
import type {
  BrokerChangeRecord,
  Endpoint,
  FeatureRange,
  MetadataRecord,
  RegisterBrokerRecord,
  UnregisterBrokerRecord,
} from '../records/records.ts'

export interface BrokerImage {
  readonly id: number
  readonly epoch: number
  readonly incarnationId: string
  readonly endpoints: readonly Endpoint[]
  readonly features: readonly FeatureRange[]
  /** What the wire calls rack. */
  readonly zone: string | undefined
  readonly fenced: boolean
  readonly inControlledShutdown: boolean
  readonly logDirs: readonly string[]
}

export class ClusterImage {
  static readonly empty = new ClusterImage(new Map())

  /** By id; in the order of their registration. */
  readonly brokers: ReadonlyMap<number, BrokerImage>

  constructor(brokers: ReadonlyMap<number, BrokerImage>) {
    this.brokers = brokers
  }

  broker(brokerId: number): BrokerImage | undefined {
    return this.brokers.get(brokerId)
  }

  isUnfenced(brokerId: number): boolean {
    return this.brokers.get(brokerId)?.fenced === false
  }

  /** Neither fenced nor about to stop: may lead and may join an ISR. */
  isActive(brokerId: number): boolean {
    const broker = this.brokers.get(brokerId)
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown
  }

  sortedIds(): number[] {
    return [...this.brokers.keys()].sort((a, b) => a - b)
  }

  /** Sorted by id. */
  toRecords(): MetadataRecord[] {
    return this.sortedIds().map(id => {
      const broker = present(this.brokers.get(id), 'every id has a broker')
      return {
        kind: 'registerBroker',
        brokerId: id,
        brokerEpoch: broker.epoch,
        incarnationId: broker.incarnationId,
        endpoints: broker.endpoints,
        features: broker.features,
        zone: broker.zone,
        fenced: broker.fenced,
        inControlledShutdown: broker.inControlledShutdown,
        logDirs: broker.logDirs,
      }
    })
  }
}

export class ClusterDelta {
  readonly #image: ClusterImage
  #brokers: Map<number, BrokerImage> | undefined

  constructor(image: ClusterImage) {
    this.#image = image
  }

  replayRegister(record: RegisterBrokerRecord): void {
    const brokers = this.#own()
    const before = brokers.get(record.brokerId)
    assert(
      before === undefined || record.brokerEpoch >= before.epoch,
      'the epoch of a broker never falls',
    )
    brokers.set(record.brokerId, {
      id: record.brokerId,
      epoch: record.brokerEpoch,
      incarnationId: record.incarnationId,
      endpoints: record.endpoints,
      features: record.features,
      zone: record.zone,
      fenced: record.fenced,
      inControlledShutdown: record.inControlledShutdown,
      logDirs: record.logDirs,
    })
  }

  replayUnregister({ brokerId, brokerEpoch }: UnregisterBrokerRecord): void {
    const brokers = this.#own()
    assert(brokers.get(brokerId)?.epoch === brokerEpoch, 'the broker that leaves is registered')
    brokers.delete(brokerId)
  }

  replayChange(record: BrokerChangeRecord): void {
    const brokers = this.#own()
    const before = present(brokers.get(record.brokerId), 'a changed broker is registered')
    assert(before.epoch === record.brokerEpoch, 'the change is about this incarnation')
    brokers.set(record.brokerId, {
      ...before,
      fenced: record.fenced ?? before.fenced,
      inControlledShutdown: record.inControlledShutdown ?? before.inControlledShutdown,
    })
  }

  apply(): ClusterImage {
    return this.#brokers === undefined ? this.#image : new ClusterImage(this.#brokers)
  }

  #own(): Map<number, BrokerImage> {
    this.#brokers ??= new Map(this.#image.brokers)
    return this.#brokers
  }
}
