// A simulated world: machines with disks and clocks, a network between them, and one
// seed from which everything follows. The real brokers and clients run in it on the Env
// that a node gives them.

import { assert, type Random, seededRandom } from '@klamm/base'
import type { Env } from '@klamm/base/env'
import { SimClock, type WallClock } from './clock.ts'
import { type DiskOptions, SimDisk } from './disk.ts'
import { Gate } from './gate.ts'
import { type LogLevel, SimLogger } from './logger.ts'
import { type CrashKind, SimNetwork, type SimNetworkOptions } from './network.ts'
import { Scheduler } from './scheduler.ts'
import { SimStorage } from './storage.ts'
import { Trace, type TraceOptions } from './trace.ts'

export interface SimWorldOptions {
  readonly seed: number | string
  readonly trace?: TraceOptions
  readonly network?: SimNetworkOptions
  /** What the disks of new nodes are like. */
  readonly disk?: Partial<DiskOptions>
  /** The least that is traced of what nodes log; `info` when left out. */
  readonly logLevel?: LogLevel
}

export class SimWorld {
  readonly seed: number | string
  readonly scheduler = new Scheduler()
  readonly trace: Trace
  readonly network: SimNetwork
  readonly logLevel: LogLevel
  readonly #random: Random
  readonly #disk: Partial<DiskOptions>
  readonly #nodes = new Map<string, SimNode>()

  constructor(options: SimWorldOptions) {
    this.seed = options.seed
    this.logLevel = options.logLevel ?? 'info'
    this.trace = new Trace(options.trace)
    this.#random = seededRandom(options.seed)
    this.#disk = options.disk ?? {}
    const random = this.random('net')
    this.network = new SimNetwork(this.scheduler, random, this.trace, options.network)
  }

  /**
   * A stream of random numbers of its own, by name: `faults`, `workload`. Taking more or fewer
   * numbers from one never shifts another, so a failing run can be shrunk.
   */
  random(name: string): Random {
    return this.#random.fork(name)
  }

  /** The machine of that name, made at first use. It is down until it is started. */
  node(name: string): SimNode {
    let node = this.#nodes.get(name)
    if (node === undefined) {
      node = new SimNode(this, name, this.random(`node/${name}`), this.#disk)
      this.#nodes.set(name, node)
    }
    return node
  }

  get nodes(): readonly SimNode[] {
    return [...this.#nodes.values()]
  }
}

export class SimNode {
  readonly name: string
  readonly disk: SimDisk
  readonly #world: SimWorld
  readonly #random: Random
  readonly #wall: WallClock = { offsetMs: 0 }
  #gate: Gate | undefined
  #incarnation = 0

  constructor(world: SimWorld, name: string, random: Random, disk: Partial<DiskOptions>) {
    this.name = name
    this.#world = world
    this.#random = random
    this.disk = new SimDisk(world.scheduler, world.random(`disk/${name}`), disk)
  }

  /** Whether a process runs on the machine. */
  get isUp(): boolean {
    return this.#gate !== undefined
  }

  /** How many processes have run on it. */
  get incarnation(): number {
    return this.#incarnation
  }

  /** A new process on the machine: the Env for its broker or client. The machine must be down. */
  start(): Env {
    assert(this.#gate === undefined, 'one process at a time runs on a node', () => this.name)
    const { scheduler, network, logLevel } = this.#world
    const gate = new Gate(scheduler)
    this.#gate = gate
    this.#incarnation += 1
    this.#record('start', `${this.#incarnation}`)
    // What a dead incarnation still says is not heard.
    const record = (kind: string, detail: string): void => {
      if (gate.isAlive) this.#record(kind, detail)
    }
    const self = { name: this.name, gate }
    return {
      clock: new SimClock(scheduler, gate, this.#wall),
      random: this.#random.fork(`${this.#incarnation}`),
      network: network.attach(self, 'client'),
      peers: network.attach(self, 'peer'),
      storage: new SimStorage(this.disk, gate, record),
      log: new SimLogger(record, logLevel),
    }
  }

  /** The process, or the whole machine, dies in this instant. Does nothing when it is down. */
  crash(kind: CrashKind = 'process'): void {
    if (this.#gate === undefined) return
    this.#record('crash', kind)
    this.#gate.kill()
    this.#gate = undefined
    this.#world.network.nodeDied(this.name, kind)
    this.disk.crashed(kind)
  }

  /** The process ends after it has closed everything itself. */
  stop(): void {
    if (this.#gate === undefined) return
    this.#record('stop', '')
    this.#gate.kill()
    this.#gate = undefined
    this.#world.network.nodeDied(this.name, 'process')
  }

  /** The process stands still, as under SIGSTOP, and then finds everything overdue. */
  freeze(durationMs: number): void {
    this.#record('freeze', `${durationMs}`)
    this.#gate?.freeze(durationMs)
  }

  /** Sets how far the machine's wall clock is off, in ms. */
  setWallOffset(offsetMs: number): void {
    this.#record('wall', `${offsetMs}`)
    this.#wall.offsetMs = offsetMs
  }

  #record(kind: string, detail: string): void {
    this.#world.trace.event(this.#world.scheduler.nowMs, this.name, kind, detail)
  }
}
