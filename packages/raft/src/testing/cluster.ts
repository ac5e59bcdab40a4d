// A cluster in virtual time: real nodes over simulated disks and a simulated network, with the
// checker looking on after every event. Faults come from outside (`nemesis.ts`), load too.

import { Heap, type Random } from '@klamm/base'
import { decodePacket, encodePacket } from '../codec.ts'
import type { RaftConfig } from '../config.ts'
import { describePacket, describeReady } from '../describe.ts'
import type { Packet } from '../message.ts'
import { RaftNode } from '../raft-node.ts'
import type { Ready } from '../ready.ts'
import { type Rules, soundRules } from '../rules.ts'
import {
  bootstrapState,
  type Configuration,
  type PersistedState,
  type VoterId,
  type VoterKey,
  voterKey,
} from '../types.ts'
import { Checker } from './checker.ts'
import { testVoter } from './ids.ts'
import { Machine } from './machine.ts'
import type { NetworkFaults } from './network-faults.ts'
import { SimDisk } from './sim-disk.ts'
import { demand } from './violation.ts'

/** A machine in the cluster: the process on it may be down, its disk may be replaced. */
export interface Host {
  readonly nodeId: number
  generation: number
  id: VoterId
  disk: SimDisk
  machine: Machine
  node: RaftNode | undefined
  /** Counts restarts and replacements: events of earlier incarnations are void. */
  incarnation: number
  isPaused: boolean
  /** Events that wait for the end of a pause. */
  backlog: (() => void)[]
  wakeMs: number
  /** A write takes between one and this many ms. */
  flushMsMax: number
}

/** What a driver may do wrong, for mutants. */
export interface DriverHabits {
  /** What a restarted node is given. */
  load(disk: SimDisk, bootstrap: Configuration): PersistedState | { readonly unreadable: string }
}

export const soundHabits: DriverHabits = {
  load: disk => (disk.isDamaged ? { unreadable: 'damaged' } : disk.state),
}

export interface ClusterOptions {
  readonly random: Random
  readonly config: RaftConfig
  readonly hostCount: number
  readonly voterCount: number
  /** Every packet goes through its bytes. */
  readonly usesCodec: boolean
  readonly faults: NetworkFaults
  readonly rules?: Partial<Rules>
  readonly habits?: DriverHabits
}

interface Event {
  readonly atMs: number
  readonly run: () => void
}

export class Cluster {
  readonly checker: Checker
  readonly hosts: Host[] = []
  readonly config: RaftConfig
  readonly faults: NetworkFaults
  readonly bootstrap: Configuration
  /** The last lines of what happened. */
  readonly trace: string[] = []
  readonly #disks = new Map<VoterKey, SimDisk>()
  readonly #events = new Heap<Event>((a, b) => a.atMs - b.atMs)
  readonly #options: ClusterOptions
  readonly #rules: Rules
  readonly #habits: DriverHabits
  readonly #random: Random
  nowMs = 0
  eventCount = 0

  constructor(options: ClusterOptions) {
    this.#options = options
    this.config = options.config
    this.faults = options.faults
    this.#rules = { ...soundRules, ...options.rules }
    this.#habits = options.habits ?? soundHabits
    this.#random = options.random.fork('cluster')
    const voters: VoterId[] = []
    for (let nodeId = 1; nodeId <= options.voterCount; nodeId++) voters.push(testVoter(nodeId))
    this.bootstrap = { voters }
    this.checker = new Checker(this.config, this.bootstrap, this.#disks)
    for (let nodeId = 1; nodeId <= options.hostCount; nodeId++) {
      this.hosts.push(this.#newHost(nodeId, nodeId <= options.voterCount))
    }
    for (const host of this.hosts) this.start(host)
  }

  #newHost(nodeId: number, isVoter: boolean): Host {
    const id = testVoter(nodeId)
    const disk = new SimDisk(bootstrapState(isVoter ? this.bootstrap : undefined))
    this.#disks.set(voterKey(id), disk)
    return {
      nodeId,
      generation: 0,
      id,
      disk,
      machine: new Machine(),
      node: undefined,
      incarnation: 0,
      isPaused: false,
      backlog: [],
      wakeMs: Number.NaN,
      flushMsMax: 5,
    }
  }

  // --- faults ---------------------------------------------------------------------------------

  start(host: Host): void {
    if (host.node !== undefined) return
    host.incarnation += 1
    const state = this.#habits.load(host.disk, this.bootstrap)
    const node = new RaftNode(
      {
        id: host.id,
        config: this.config,
        state,
        contacts: this.hosts.map(other => other.nodeId),
        random: this.#random.fork(`node ${host.nodeId} ${host.incarnation}`),
        nowMs: this.nowMs,
      },
      this.#rules,
    )
    host.node = node
    host.machine = new Machine()
    host.wakeMs = Number.NaN
    if ('snapshot' in state) host.machine.restore(state.snapshot)
    this.checker.started({ ...host, node }, this.nowMs)
    this.note(`start ${host.nodeId}`)
    this.touch(host, () => {})
  }

  crash(host: Host): void {
    if (host.node === undefined) return
    host.node = undefined
    host.incarnation += 1
    host.isPaused = false
    host.backlog = []
    host.disk.crash(this.#random)
    this.note(`crash ${host.nodeId} at ${host.disk.lastIndex}`)
    this.checker.flushed(host.id, host.disk)
  }

  /** The disk is gone; the node comes back empty, as another replica. */
  replaceDisk(host: Host): void {
    if (host.node !== undefined) this.crash(host)
    this.#disks.delete(voterKey(host.id))
    host.generation += 1
    host.id = testVoter(host.nodeId, host.generation)
    host.disk = new SimDisk(bootstrapState())
    this.#disks.set(voterKey(host.id), host.disk)
    this.note(`replace disk of ${host.nodeId}`)
  }

  damageDisk(host: Host): void {
    this.crash(host)
    host.disk.isDamaged = true
    this.note(`damage disk of ${host.nodeId}`)
  }

  pause(host: Host): void {
    host.isPaused = true
    this.note(`pause ${host.nodeId}`)
  }

  resume(host: Host): void {
    if (!host.isPaused) return
    host.isPaused = false
    this.note(`resume ${host.nodeId}`)
    const { backlog } = host
    host.backlog = []
    for (const run of backlog) run()
    this.#wake(host)
  }

  // --- time -----------------------------------------------------------------------------------

  at(delayMs: number, run: () => void): void {
    this.#events.push({ atMs: this.nowMs + delayMs, run })
  }

  runUntil(endMs: number): void {
    for (;;) {
      const event = this.#events.peek()
      if (event === undefined || event.atMs > endMs) break
      this.#events.pop()
      this.nowMs = event.atMs
      this.eventCount += 1
      demand(this.eventCount < eventsMax, 'LIV-R2 proposals end', () => 'messages multiply')
      event.run()
    }
    this.nowMs = endMs
  }

  note(line: string): void {
    this.trace.push(`${this.nowMs.toFixed(1)} ${line}`)
    if (this.trace.length > 2000) this.trace.splice(0, 1000)
  }

  // --- driving nodes --------------------------------------------------------------------------

  /** Gives an input to a running node, then does all it asks for. */
  touch(host: Host, input: (node: RaftNode) => void): void {
    const { node } = host
    if (node === undefined) return
    const observed = { ...host, node }
    input(node)
    this.checker.observe(observed, this.nowMs)
    while (node.hasReady()) {
      const ready = node.ready()
      this.checker.observe(observed, this.nowMs)
      if (tracing) this.note(`${host.nodeId} ready\n${describeReady(ready)}`)
      this.#perform(host, node, ready)
    }
    this.#scheduleWake(host, node)
  }

  #perform(host: Host, node: RaftNode, ready: Ready): void {
    const observed = { ...host, node }
    this.checker.took(observed, ready)
    for (const packet of ready.send) this.#send(packet)
    if (ready.write !== undefined) {
      host.disk.enqueue(ready.id, ready.write)
      if (host.disk.queueLength === 1) this.#scheduleFlush(host)
    }
    if (ready.restore !== undefined) {
      host.machine.restore(ready.restore)
      this.checker.restored(observed)
    }
    for (const entry of ready.apply) {
      host.machine.apply(entry)
      this.checker.applied(observed, entry)
    }
    for (const read of ready.reads) {
      this.checker.readServed(observed, read.requestId)
    }
  }

  #scheduleFlush(host: Host): void {
    const { incarnation } = host
    // The disk works on while the process is paused; it hears of it later.
    this.at(1 + this.#random.float() * host.flushMsMax, () => {
      if (host.incarnation !== incarnation) return
      const readyId = host.disk.flushNext()
      this.checker.flushed(host.id, host.disk)
      if (host.disk.queueLength > 0) this.#scheduleFlush(host)
      this.#whenRunning(host, () => this.touch(host, node => node.persisted(readyId)))
    })
  }

  #scheduleWake(host: Host, node: RaftNode): void {
    const wakeMs = node.nextWakeMs()
    if (wakeMs === undefined || wakeMs === host.wakeMs) return
    host.wakeMs = wakeMs
    const { incarnation } = host
    this.at(Math.max(0, wakeMs - this.nowMs), () => {
      if (host.incarnation !== incarnation || host.wakeMs !== wakeMs) return
      this.#whenRunning(host, () => this.#wake(host))
    })
  }

  #wake(host: Host): void {
    const { node } = host
    if (node === undefined) return
    host.wakeMs = Number.NaN
    this.touch(host, () => {
      node.tick(this.nowMs)
      this.checker.ticked({ ...host, node }, this.nowMs)
    })
  }

  /** Now, or when the pause of the process ends; never in another incarnation. */
  #whenRunning(host: Host, run: () => void): void {
    const { incarnation } = host
    if (!host.isPaused) run()
    else {
      host.backlog.push(() => {
        if (host.incarnation === incarnation) run()
      })
    }
  }

  #send(packet: Packet): void {
    const sent = this.#options.usesCodec ? encodePacket(packet) : undefined
    for (const delayMs of this.faults.delays(packet, this.#random)) {
      this.at(delayMs, () => {
        this.#deliver(sent === undefined ? packet : decodePacket(sent))
      })
    }
  }

  #deliver(packet: Packet): void {
    const host = this.hosts[packet.to.nodeId - 1]
    if (host?.node === undefined || this.faults.isCut(packet)) return
    this.#whenRunning(host, () => {
      const { node } = host
      if (node === undefined) return
      if (tracing) this.note(`deliver ${describePacket(packet)}`)
      const check = this.checker.stepping({ ...host, node }, packet, this.nowMs)
      this.touch(host, () => {
        node.step(packet, this.nowMs)
        check()
      })
    })
  }
}

/** Five times what the busiest of thousands of seeds needed. */
const eventsMax = 60_000

/** TRACE=1 keeps every packet and ready in the trace. */
const tracing = process.env.TRACE !== undefined
