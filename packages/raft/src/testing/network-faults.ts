// What the network does to packets: delay, loss, repetition, and links that are cut.

import type { Random } from '@klamm/base'
import type { Packet } from '../message.ts'

export interface NetworkSettings {
  readonly lossChance: number
  readonly repeatChance: number
  /** Chance that a packet takes up to `lateMsMax` instead of `usualMsMax`. */
  readonly lateChance: number
  readonly usualMsMax: number
  readonly lateMsMax: number
}

const calmNetwork: NetworkSettings = {
  lossChance: 0,
  repeatChance: 0,
  lateChance: 0,
  usualMsMax: 5,
  lateMsMax: 0,
}

export class NetworkFaults {
  #settings: NetworkSettings
  readonly #cut = new Set<string>()

  constructor(settings: NetworkSettings) {
    this.#settings = settings
  }

  /** When copies of the packet arrive, in ms from now. */
  delays(_packet: Packet, random: Random): number[] {
    const { lateMsMax, lossChance, repeatChance } = this.#settings
    if (random.chance(lossChance)) return []
    const delays = [this.#delay(random)]
    // What comes twice comes late: nothing else tests that old packets are known as old.
    while (random.chance(repeatChance)) delays.push(random.float() * lateMsMax)
    return delays
  }

  #delay(random: Random): number {
    const { lateChance, lateMsMax, usualMsMax } = this.#settings
    return 0.1 + random.float() * (random.chance(lateChance) ? lateMsMax : usualMsMax)
  }

  isCut(packet: Packet): boolean {
    return this.#cut.has(link(packet.from.nodeId, packet.to.nodeId))
  }

  /** One direction only. */
  cut(from: number, to: number): void {
    this.#cut.add(link(from, to))
  }

  isolate(nodeId: number, others: readonly number[]): void {
    for (const other of others) {
      this.cut(nodeId, other)
      this.cut(other, nodeId)
    }
  }

  join(): void {
    this.#cut.clear()
  }

  calm(): void {
    this.#settings = calmNetwork
    this.join()
  }
}

function link(from: number, to: number): string {
  return `${from}>${to}`
}
