// Drives one raft node: feeds it packets, time and proposals, writes before it reports, applies in
// order. It decides nothing; see `Ready` in @klamm/raft for the order it keeps.

import { assert } from '@klamm/base'
import type { Clock, Timer } from '@klamm/base/env'
import type {
  Entry,
  Packet,
  ProposeResult,
  RaftNode,
  Ready,
  RoleChange,
  Snapshot,
  Write,
} from '@klamm/raft'

/** Where the raft state lives. */
export interface RaftWriter {
  /**
   * Applies the write atomically; resolves when it is durable. Writes take effect in call order.
   */
  write(write: Write): Promise<void>
}

/** What committed entries are applied to. */
export interface StateMachine {
  restore(snapshot: Snapshot): void
  /** All the entries of one step, in order. */
  apply(entries: readonly Entry[]): void
  /** The state after the last applied entry. */
  snapshot(): Uint8Array
}

export interface RaftDriverOptions {
  readonly node: RaftNode
  readonly store: RaftWriter
  readonly machine: StateMachine
  readonly clock: Clock
  readonly send: (packet: Packet) => void
  readonly onRole: (change: RoleChange) => void
  /** A write failed or a bug showed: the node takes no further part, the broker must end. */
  readonly onFailure: (error: unknown) => void
  /** A snapshot is made when so many bytes of entries have come after the last one. */
  readonly snapshotAfterBytes: number
}

export class RaftDriver implements AsyncDisposable {
  readonly #options: RaftDriverOptions
  #timer: Timer | undefined
  #firstCampaign: Timer | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #isPumping = false
  #isStopped = false
  #writing: Promise<void> = Promise.resolve()

  constructor(options: RaftDriverOptions) {
    this.#options = options
  }

  get node(): RaftNode {
    return this.#options.node
  }

  /**
   * Begins: what the loaded state has to say is done, and time runs. `firstCampaignMs` from now the
   * node asks for votes if it has heard of no leader by then: a cluster that starts need not wait
   * for a whole election time-out, and a pre-vote disturbs no leader that there is.
   */
  start(firstCampaignMs: number): void {
    this.#pump()
    this.#firstCampaign = this.#options.clock.setTimer(firstCampaignMs, () => {
      if (this.node.status().leader !== undefined) return
      this.#input(nowMs => {
        this.node.tick(nowMs)
        this.node.campaign()
      })
    })
  }

  /** A packet from another node. */
  step(packet: Packet): void {
    this.#input(nowMs => this.node.step(packet, nowMs))
  }

  /** Proposes an entry; its fate shows when it, or another at its index, is applied. */
  propose(data: Uint8Array): ProposeResult {
    const result = this.node.propose(data)
    this.#pump()
    return result
  }

  /** Hands leadership over, if it is here. */
  resign(): void {
    this.#input(() => this.node.transferLeadership())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#halt()
    await this.#writing
  }

  /** Tells the node something. A bug that shows ends this broker, not whoever called. */
  #input(tell: (nowMs: number) => void): void {
    if (this.#isStopped) return
    try {
      tell(this.#options.clock.monotonicMs())
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#pump()
  }

  #pump(): void {
    if (this.#isPumping || this.#isStopped) return
    this.#isPumping = true
    try {
      while (this.node.hasReady() && !this.#isStopped) this.#perform(this.node.ready())
      this.#maybeCompact()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isPumping = false
    }
    this.#setTimer()
  }

  #perform(ready: Ready): void {
    const { send, machine, onRole } = this.#options
    for (const packet of ready.send) send(packet)
    if (ready.write !== undefined) this.#write(ready.id, ready.write)
    if (ready.restore !== undefined) machine.restore(ready.restore)
    if (ready.apply.length > 0) machine.apply(ready.apply)
    if (ready.role !== undefined) onRole(ready.role)
    assert(ready.reads.length === 0, 'this driver asks for no reads')
  }

  #write(readyId: number, write: Write): void {
    const written = this.#options.store.write(write)
    this.#writing = written.then(
      () => this.#input(() => this.node.persisted(readyId)),
      (error: unknown) => this.#fail(error),
    )
  }

  #maybeCompact(): void {
    const { node, machine, snapshotAfterBytes } = this.#options
    const { bytesSinceSnapshot, appliedIndex, snapshotIndex } = node.status()
    if (bytesSinceSnapshot < snapshotAfterBytes || appliedIndex === snapshotIndex) return
    node.compact(appliedIndex, machine.snapshot())
    while (node.hasReady() && !this.#isStopped) this.#perform(node.ready())
  }

  /** One timer, moved only when it must fire earlier: most wake-ups find a later one due. */
  #setTimer(): void {
    if (this.#isStopped) return
    const wakeMs = this.node.nextWakeMs()
    if (wakeMs === undefined || wakeMs >= this.#timerAtMs) return
    this.#timer?.cancel()
    this.#timerAtMs = wakeMs
    const { clock } = this.#options
    this.#timer = clock.setTimer(Math.max(0, wakeMs - clock.monotonicMs()), () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY
      this.#input(nowMs => this.node.tick(nowMs))
    })
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return
    this.#halt()
    this.#options.onFailure(error)
  }

  #halt(): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#firstCampaign?.cancel()
  }
}
