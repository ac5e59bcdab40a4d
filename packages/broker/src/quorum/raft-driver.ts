// Drives one raft node: feeds it packets, time and proposals, writes before it reports, applies in
// order. It decides nothing; see `Ready` in @klamm/raft for the order it keeps.

import { assert } from '@klamm/base'
import { type Clock, StorageError, type Timer } from '@klamm/base/env'
import type {
  ConfigChange,
  ConfigChangeResult,
  Entry,
  Packet,
  ProposeResult,
  RaftNode,
  Ready,
  RoleChange,
  Snapshot,
  Write,
} from '@klamm/raft'
import { WriteWatch } from './write-watch.ts'

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

/** A leader that has not got anything onto its disk for so long hands over, in ms. */
const handOverAfterMs = 5_000

/**
 * A broker that has not got anything onto its disk for so long ends, in ms. Disks on networks stand
 * still for some seconds and go on; to end for that would cost more than to wait.
 */
const hungAfterMs = 30_000

export class RaftDriver implements AsyncDisposable {
  readonly #options: RaftDriverOptions
  readonly #watch: WriteWatch
  #timer: Timer | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #isPumping = false
  #isStopped = false
  #writing: Promise<void> = Promise.resolve()

  constructor(options: RaftDriverOptions) {
    this.#options = options
    this.#watch = new WriteWatch({
      clock: options.clock,
      slowAfterMs: handOverAfterMs,
      onSlow: () => this.resign(),
      hungAfterMs,
      onHung: () => this.#hung(),
    })
  }

  get node(): RaftNode {
    return this.#options.node
  }

  /** Begins: what the loaded state has to say is done, and time runs. */
  start(): void {
    this.#pump()
  }

  /** Asks for votes now. A pre-vote: it disturbs no leader that there is. */
  campaign(): void {
    this.#input(nowMs => {
      this.node.tick(nowMs)
      this.node.campaign()
    })
  }

  /** The process of this node has ended: if it led, it does so no more. */
  forgetLeader(nodeId: number): void {
    this.#input(nowMs => {
      this.node.tick(nowMs)
      this.node.forgetLeader(nodeId)
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

  /** One voter more or less. Ends like a proposal. */
  changeVoters(change: ConfigChange): ConfigChangeResult {
    const result = this.node.proposeConfigChange(change)
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
    this.#watch.began()
    const written = this.#options.store.write(write)
    this.#writing = written.then(
      () => {
        this.#watch.ended()
        this.#input(() => this.node.persisted(readyId))
      },
      (error: unknown) => this.#fail(error),
    )
  }

  /** As if the write had failed, but that nobody waits for it when the broker ends. */
  #hung(): void {
    this.#writing = Promise.resolve()
    const seconds = hungAfterMs / 1_000
    this.#fail(new StorageError('io', `the disk has not finished a write for ${seconds} s`))
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
    this.#watch[Symbol.dispose]()
  }
}
