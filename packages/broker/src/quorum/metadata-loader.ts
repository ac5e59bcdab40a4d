// Committed entries of the metadata log become images, and the parts of the broker are told of
// every new image in a fixed order.

import { assert } from '@klamm/base'
import type { Entry, Snapshot } from '@klamm/raft'
import {
  changesBetween,
  type MetadataChanges,
  MetadataDelta,
  MetadataImage,
} from '../metadata/index.ts'
import { decodeImage, decodeRecords, encodeImage } from './metadata-codec.ts'
import type { StateMachine } from './raft-driver.ts'

/**
 * A part of the broker that acts on new metadata. Acts at once, never throws for a peer's fault.
 */
export interface MetadataPublisher {
  readonly name: string
  publish(changes: MetadataChanges): void
}

export interface MetadataLoaderOptions {
  /** In the order they are told. */
  readonly publishers: readonly MetadataPublisher[]
  /** Every applied entry, of all kinds, before the publishers hear of its records. */
  readonly onApplied: (entry: Entry) => void
}

export class MetadataLoader implements StateMachine {
  readonly #options: MetadataLoaderOptions
  #image = MetadataImage.empty

  constructor(options: MetadataLoaderOptions) {
    this.#options = options
  }

  get image(): MetadataImage {
    return this.#image
  }

  restore({ index, term, data }: Snapshot): void {
    assert(index > this.#image.position.offset, 'a snapshot is restored only to go forward')
    const position = { offset: index, epoch: term }
    this.#publish(data.byteLength === 0 ? MetadataImage.empty : decodeImage(data, position))
  }

  apply(entries: readonly Entry[]): void {
    const last = entries.at(-1)
    if (last === undefined) return
    const delta = new MetadataDelta(this.#image)
    for (const entry of entries) {
      if (entry.kind !== 'normal') continue
      for (const record of decodeRecords(entry.data)) delta.replay(record)
    }
    this.#publish(delta.apply({ offset: last.index, epoch: last.term }))
    for (const entry of entries) this.#options.onApplied(entry)
  }

  snapshot(): Uint8Array {
    return encodeImage(this.#image)
  }

  #publish(image: MetadataImage): void {
    const changes = changesBetween(this.#image, image)
    this.#image = image
    for (const publisher of this.#options.publishers) publisher.publish(changes)
  }
}
