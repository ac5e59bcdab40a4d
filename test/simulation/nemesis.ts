// Does harm, now and then, until it is told to stop; then everything is as it was.

import type { Random } from '@klamm/base'
import type { SimCluster } from './sim-cluster.ts'
import { type FaultKind, faultKinds, type SwarmOptions } from './swarm.ts'

/** How far a wall clock is put off at most, in ms. */
const maxSkewMs = 50 * 60_000
/** A broker that stops cleanly waits so long for others to take over. */
const handOverMs = 5_000
/** Flushes of a disk to which nothing is done, in ms. */
const quickFlush = { meanExtraFlushMs: 0.5 }

export class Nemesis {
  readonly #cluster: SimCluster
  readonly #options: SwarmOptions
  readonly #random: Random
  readonly #ackRandom: Random
  #isStopped = true

  constructor(cluster: SimCluster, options: SwarmOptions, random: Random) {
    this.#cluster = cluster
    this.#options = options
    this.#random = random
    this.#ackRandom = random.fork('acks')
  }

  start(): void {
    this.#isStopped = false
    const { world, brokerIds } = this.#cluster
    const { lossProbability, meanExtraFlushMs } = this.#options
    world.network.setAllLinks({ lossProbability })
    brokerIds.forEach((id, i) => {
      this.#cluster.node(id).disk.set({ meanExtraFlushMs: meanExtraFlushMs[i] ?? 0.5 })
    })
    this.#scheduleNext()
  }

  /** No more faults; network, disks and clocks are whole; every broker that is down starts. */
  heal(): void {
    this.#isStopped = true
    const { world, brokerIds } = this.#cluster
    world.network.heal()
    world.network.setAllLinks({ lossProbability: 0 })
    for (const id of brokerIds) {
      const node = this.#cluster.node(id)
      node.disk.set(quickFlush)
      node.disk.failFlushes(0)
      node.setWallOffset(0)
      this.#startIfDown(id)
    }
  }

  /** A client has just been told that its records are safe. */
  acked(): void {
    const { cutAfterAckProbability } = this.#options
    if (this.#isStopped || !this.#ackRandom.chance(cutAfterAckProbability)) return
    const isAll = this.#ackRandom.chance(0.5)
    const victim = this.#ackRandom.pick(this.#cluster.brokerIds)
    this.#later(this.#ackRandom.float() ** 2 * 5, () => {
      this.#note('cutAfterAck', isAll ? 'all' : `${victim}`)
      if (isAll) this.#cutAll()
      else this.#crash(victim, 'power')
    })
  }

  #scheduleNext(): void {
    const delayMs = -Math.log(1 - this.#random.float()) * this.#options.meanFaultMs
    this.#later(delayMs, () => {
      const kind = this.#pick()
      if (kind !== undefined) this.#doHarm(kind)
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

  #doHarm(kind: FaultKind): void {
    const { world, brokerIds } = this.#cluster
    const { network } = world
    const random = this.#random
    const victim = random.pick(brokerIds)
    const other = random.pick(brokerIds)
    const [a, b] = [`broker-${victim}`, `broker-${other}`]
    const node = this.#cluster.node(victim)
    const durationMs = 100 + random.float() ** 2 * this.#options.maxFaultMs
    const share = random.float()
    this.#note(kind, `${victim} ${other}`)
    switch (kind) {
      case 'killProcess':
        this.#crash(victim, 'process')
        break
      case 'cutPower':
        this.#crash(victim, 'power')
        break
      case 'killAll':
        this.#cutAll()
        break
      case 'restart':
        this.#restart(victim, share)
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
        node.freeze(durationMs)
        break
      case 'slowDisk':
        node.disk.stall(durationMs / 4)
        break
      case 'failFlush':
        node.disk.failFlushes(1)
        break
      case 'skewClock':
        node.setWallOffset((share * 2 - 1) * maxSkewMs)
        this.#later(durationMs, () => node.setWallOffset(0))
        break
    }
  }

  #cutAll(): void {
    for (const id of this.#cluster.brokerIds) this.#crash(id, 'power')
  }

  #crash(brokerId: number, kind: 'process' | 'power'): void {
    if (!this.#cluster.node(brokerId).isUp) return
    this.#cluster.crash(brokerId, kind)
    this.#startLater(brokerId)
  }

  /** As an operator does it; `share` of them are in a hurry. */
  #restart(brokerId: number, share: number): void {
    void this.#cluster.stop(brokerId, share < 0.3 ? 0 : handOverMs).then(hasStopped => {
      if (hasStopped) this.#startLater(brokerId)
    })
  }

  #startLater(brokerId: number): void {
    const delayMs = 100 + this.#random.float() ** 2 * this.#options.maxFaultMs
    // Also when all has healed meanwhile: a clean stop may end after that.
    if (this.#isStopped) this.#startIfDown(brokerId)
    else this.#later(delayMs, () => this.#startIfDown(brokerId))
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

  #note(kind: string, detail: string): void {
    const { world } = this.#cluster
    world.trace.event(world.scheduler.nowMs, 'nemesis', kind, detail)
  }
}
