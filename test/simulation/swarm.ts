// From a seed to a way of hurting the cluster: each seed leaves some faults out and gives the
// others weights of their own, so that rare combinations happen often enough over many seeds.

import type { Random } from '@klamm/base'
import type { SimCluster } from './sim-cluster.ts'

export interface SwarmOptions {
  readonly partitionCount: number
  readonly producerCount: number
  readonly meanPauseMs: number
  readonly maxRecordsPerBatch: number
  readonly maxInFlight: number
  /** Mean time between two faults, in ms. */
  readonly meanFaultMs: number
  readonly weights: { readonly [K in FaultKind]: number }
  readonly lossProbability: number
  readonly meanExtraFlushMs: number
}

const faultKinds = [
  'killProcess',
  'cutPower',
  'killAll',
  'isolate',
  'blockOneWay',
  'split',
  'clog',
  'cutConnection',
  'freeze',
  'slowDisk',
] as const

export type FaultKind = (typeof faultKinds)[number]

export function swarmOptions(random: Random): SwarmOptions {
  const weight = (): number => (random.chance(0.35) ? 0 : 0.1 + random.float() ** 2 * 5)
  return {
    partitionCount: 1 + random.below(4),
    producerCount: 1 + random.below(3),
    meanPauseMs: 5 + random.below(150),
    maxRecordsPerBatch: 1 + random.below(8),
    maxInFlight: 1 + random.below(5),
    meanFaultMs: 300 + random.below(5_000),
    weights: {
      killProcess: weight(),
      cutPower: weight(),
      killAll: random.chance(0.7) ? 0 : 0.3,
      isolate: weight(),
      blockOneWay: weight(),
      split: weight(),
      clog: weight(),
      cutConnection: weight(),
      freeze: weight(),
      slowDisk: weight(),
    },
    lossProbability: random.chance(0.5) ? 0 : random.float() * 0.1,
    meanExtraFlushMs: random.chance(0.5) ? 0.5 : random.float() * 20,
  }
}

/** Does harm, now and then, until it is told to stop; then everything is as it was. */
export class Nemesis {
  readonly #cluster: SimCluster
  readonly #options: SwarmOptions
  readonly #random: Random
  #isStopped = false

  constructor(cluster: SimCluster, options: SwarmOptions, random: Random) {
    this.#cluster = cluster
    this.#options = options
    this.#random = random
  }

  start(): void {
    this.#scheduleNext()
  }

  /** No more faults; the network is whole; every broker that is down starts. */
  heal(): void {
    this.#isStopped = true
    const { world, brokerIds } = this.#cluster
    world.network.heal()
    world.network.setAllLinks({ lossProbability: 0 })
    for (const id of brokerIds) {
      this.#cluster.node(id).disk.set({ meanExtraFlushMs: 0.5 })
      this.#startIfDown(id)
    }
  }

  #scheduleNext(): void {
    const delayMs = -Math.log(1 - this.#random.float()) * this.#options.meanFaultMs
    this.#cluster.world.scheduler.after(delayMs, () => {
      if (this.#isStopped) return
      this.#doHarm(this.#pick())
      this.#scheduleNext()
    })
  }

  #pick(): FaultKind | undefined {
    const { weights } = this.#options
    const total = faultKinds.reduce((sum, kind) => sum + weights[kind], 0)
    let at = this.#random.float() * total
    for (const kind of faultKinds) {
      at -= weights[kind]
      if (at < 0) return kind
    }
    return undefined
  }

  #doHarm(kind: FaultKind | undefined): void {
    if (kind === undefined) return
    const { world, brokerIds } = this.#cluster
    const { network } = world
    const random = this.#random
    const victim = random.pick(brokerIds)
    const other = random.pick(brokerIds)
    const [a, b] = [`broker-${victim}`, `broker-${other}`]
    const durationMs = 100 + random.float() ** 2 * 20_000
    world.trace.event(world.scheduler.nowMs, 'nemesis', kind, `${victim} ${other}`)
    switch (kind) {
      case 'killProcess':
        this.#crash(victim, 'process')
        break
      case 'cutPower':
        this.#crash(victim, 'power')
        break
      case 'killAll':
        for (const id of brokerIds) this.#crash(id, 'power')
        break
      case 'isolate':
        this.#partition([[a], this.#others(victim)], durationMs)
        break
      case 'split':
        this.#partition(
          brokerIds.map(id => [`broker-${id}`]),
          durationMs,
        )
        break
      case 'blockOneWay':
        network.block(a, b)
        this.#later(durationMs, () => network.unblock(a, b))
        break
      case 'clog':
        network.clog(a, b, durationMs)
        break
      case 'cutConnection':
        network.cut(a, b)
        break
      case 'freeze':
        this.#cluster.node(victim).freeze(durationMs)
        break
      case 'slowDisk':
        this.#cluster.node(victim).disk.stall(durationMs / 4)
        break
    }
  }

  #crash(brokerId: number, kind: 'process' | 'power'): void {
    const node = this.#cluster.node(brokerId)
    if (!node.isUp) return
    this.#cluster.crash(brokerId, kind)
    this.#later(100 + this.#random.float() ** 2 * 15_000, () => this.#startIfDown(brokerId))
  }

  #startIfDown(brokerId: number): void {
    if (!this.#cluster.node(brokerId).isUp) this.#cluster.start(brokerId)
  }

  #partition(groups: readonly (readonly string[])[], durationMs: number): void {
    const { network } = this.#cluster.world
    network.partition(groups)
    this.#later(durationMs, () => network.heal())
  }

  #later(delayMs: number, run: () => void): void {
    this.#cluster.world.scheduler.after(delayMs, () => {
      if (!this.#isStopped) run()
    })
  }

  #others(brokerId: number): string[] {
    return this.#cluster.brokerIds.filter(id => id !== brokerId).map(id => `broker-${id}`)
  }
}
