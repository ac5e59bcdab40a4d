// What storage was asked to write and has not confirmed: hence what is durable, and which messages
// still have to wait. Writes are confirmed in the order they were handed out.

import { assert } from '@klamm/base'
import type { Packet } from './message.ts'
import type { Write } from './ready.ts'
import type { Rules } from './rules.ts'
import type { HardState, LogIndex, Snapshot } from './types.ts'

interface PendingWrite {
  readonly id: number
  /** First index whose stored content becomes another one; infinite if none does. */
  readonly changedFrom: LogIndex
  /** Last stored index once this is written. */
  readonly endIndex: LogIndex
  readonly hardState: HardState
  readonly restored: Snapshot | undefined
}

interface HeldPacket {
  readonly packet: Packet
  readonly writeId: number
}

export class WriteQueue {
  readonly #rules: Rules
  #pending: PendingWrite[] = []
  #held: HeldPacket[] = []
  #released: Packet[] = []
  #durable: HardState
  #handed: HardState
  #diskEndIndex: LogIndex
  #latestId = 0

  constructor(rules: Rules, hardState: HardState, lastIndex: LogIndex) {
    this.#rules = rules
    this.#durable = hardState
    this.#handed = hardState
    this.#diskEndIndex = lastIndex
  }

  /** What the disk holds whatever happens to the writes under way. */
  get durable(): HardState {
    return this.#durable
  }

  /** What the disk will hold once everything handed out is written. */
  get handed(): HardState {
    return this.#handed
  }

  /** Last stored index once everything handed out is written. */
  get handedEndIndex(): LogIndex {
    return this.#pending.at(-1)?.endIndex ?? this.#diskEndIndex
  }

  get hasReleased(): boolean {
    return this.#released.length > 0
  }

  durableIndex(handedIndex: LogIndex): LogIndex {
    let firstChange = Number.POSITIVE_INFINITY
    for (const write of this.#pending) firstChange = Math.min(firstChange, write.changedFrom)
    return this.#rules.durableIndex(handedIndex, this.#diskEndIndex, firstChange)
  }

  /** `write` leaves with the ready `id`. */
  handedOut(id: number, write: Write, changedFrom: LogIndex, restored: Snapshot | undefined): void {
    const endIndex = write.entries.at(-1)?.index ?? restored?.index ?? this.handedEndIndex
    const hardState = write.hardState ?? this.#handed
    this.#handed = hardState
    this.#latestId = id
    this.#pending.push({ id, changedFrom, endIndex, hardState, restored })
  }

  /** Sorts packets that are about to leave: the ones returned may, the others wait in here. */
  admit(packets: readonly Packet[]): Packet[] {
    const leaving = this.#released
    this.#released = []
    for (const packet of packets) {
      const mustWait =
        this.#pending.length > 0 && this.#rules.mustHold(packet.message, this.#durable.term)
      if (mustWait) this.#held.push({ packet, writeId: this.#latestId })
      else leaving.push(packet)
    }
    return leaving
  }

  /** Everything up to the write `id` is durable. Returns a leader's snapshot that now is. */
  persisted(id: number): Snapshot | undefined {
    assert(
      this.#pending.some(write => write.id === id),
      'a ready with a write is confirmed once',
      () => `${id}`,
    )
    let restored: Snapshot | undefined
    while (this.#pending[0] !== undefined && this.#pending[0].id <= id) {
      const write = this.#pending[0]
      this.#pending.shift()
      this.#durable = write.hardState
      this.#diskEndIndex = write.endIndex
      restored = write.restored ?? restored
    }
    this.#release(id)
    return restored
  }

  /** For the exhaustive checker: what decides the future, with ids counted from `baseId`. */
  fingerprint(baseId: number): unknown {
    const pending = this.#pending.map(({ changedFrom, endIndex, hardState, id }) => [
      id - baseId,
      changedFrom,
      endIndex,
      hardState,
    ])
    const held = this.#held.map(({ packet, writeId }) => [writeId - baseId, packet])
    return [pending, held, this.#released, this.#durable, this.#handed, this.#diskEndIndex]
  }

  #release(id: number): void {
    const waiting: HeldPacket[] = []
    for (const held of this.#held) {
      const { message } = held.packet
      const writeId = held.writeId
      if (this.#rules.mayRelease({ message, writeId }, id, this.#diskEndIndex)) {
        this.#released.push(held.packet)
      } else waiting.push(held)
    }
    this.#held = waiting
  }
}
