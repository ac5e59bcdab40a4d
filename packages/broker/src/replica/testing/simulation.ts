// A replica set in virtual time: the machines of this folder on toy logs, a controller whose news
// arrive late, producers, and faults by seed. Rules are checked after every event; then everything
// heals and must come together.

import { type Random, seededRandom } from '@klamm/base'
import { Checker, Violation } from './checker.ts'
import { honest, type Parts } from './parts.ts'
import { ToyBroker } from './toy-broker.ts'
import { ToyController } from './toy-controller.ts'
import { ToyProducer } from './toy-producer.ts'
import { World } from './world.ts'

export interface SimulationResult {
  readonly events: number
  readonly batches: number
  readonly leaderEpochs: number
  readonly isrChanges: number
  readonly crashes: number
  readonly losses: number
  readonly truncations: number
  readonly restarts: number
}

/** What this seed is about: every run leaves some faults out and has much of others. */
interface Swarm {
  readonly replicaCount: number
  readonly minInsyncReplicas: number
  readonly producerCount: number
  readonly maxInFlight: number
  readonly crashes: boolean
  readonly losses: boolean
  readonly partitions: boolean
  readonly elections: boolean
  readonly fencing: boolean
  readonly retention: boolean
  readonly slowNews: boolean
  /** Whether proposals take long to the controller. */
  readonly slowProposals: boolean
  readonly faultEveryMs: number
}

function swarmOf(random: Random): Swarm {
  const replicaCount = random.pick([2, 3, 3, 3, 4])
  const minInsyncReplicas = random.pick([1, 2, 2])
  const retention = random.chance(0.25)
  return {
    replicaCount,
    minInsyncReplicas,
    producerCount: random.pick([1, 2, 3]),
    maxInFlight: random.pick([1, 3, 5]),
    crashes: random.chance(0.8),
    // One copy may be lost at a time, which two in-sync replicas survive.
    losses: minInsyncReplicas > 1 && replicaCount > 2 && !retention && random.chance(0.8),
    partitions: random.chance(0.5),
    elections: random.chance(0.6),
    fencing: random.chance(0.5),
    retention,
    slowNews: random.chance(0.5),
    slowProposals: random.chance(0.5),
    faultEveryMs: random.pick([30, 60, 120]),
  }
}

const faultyMs = 2500
const healingMs = 4000
const sessionTimeoutMs = 150
const replicaLagTimeMaxMs = 100

export class Simulation {
  readonly #random: Random
  readonly #swarm: Swarm
  readonly #world: World
  readonly #controller: ToyController
  readonly #checker: Checker
  readonly #brokers: readonly ToyBroker[]
  readonly #producers: readonly ToyProducer[]
  /** Lost records and has not been in the ISR since it came back. */
  #recovering: ToyBroker | undefined
  #hasComeBack = false
  #crashes = 0
  #losses = 0

  constructor(seed: number, parts: Parts = honest) {
    this.#random = seededRandom(seed)
    this.#swarm = swarmOf(this.#random.fork('swarm'))
    const { replicaCount, minInsyncReplicas } = this.#swarm
    this.#world = new World(this.#random.fork('world'), {
      lossProbability: this.#random.pick([0, 0.02, 0.1]),
      duplicateProbability: this.#random.pick([0, 0.05, 0.2]),
      delayMs: this.#random.pick([3, 8]),
    })
    const replicas = Array.from({ length: replicaCount }, (_, index) => index + 1)
    const effectiveMinIsr = Math.min(minInsyncReplicas, replicaCount)
    const controller = new ToyController({
      replicas,
      minInsyncReplicas: effectiveMinIsr,
      checksBrokerEpochs: parts.controllerChecksBrokerEpochs,
    })
    this.#controller = controller
    this.#checker = new Checker(controller)
    const common = { world: this.#world, controller, parts, checker: this.#checker }
    const flushMs = this.#random.pick([3, 25])
    const proposalMs = this.#swarm.slowProposals ? 250 : 1
    const settings = {
      replicaLagTimeMaxMs,
      flushMs,
      proposalMs,
      minInsyncReplicas: effectiveMinIsr,
    }
    this.#brokers = replicas.map(id => new ToyBroker({ id, ...common, ...settings }))
    for (const broker of this.#brokers) broker.peers = this.#brokers
    this.#checker.brokers = this.#brokers
    this.#producers = this.#newProducers()
    controller.onChange = () => this.#publish()
    this.#world.afterEvent = () => this.#checker.afterEvent()
  }

  /** Throws the first broken rule. */
  run(): SimulationResult {
    const world = this.#world
    this.#publish()
    this.#every(25, () => {
      for (const broker of this.#brokers) broker.tick()
    })
    for (const producer of this.#producers) this.#every(12, () => producer.produce(), faultyMs)
    this.#every(this.#swarm.faultEveryMs, () => this.#fault(), faultyMs)
    if (this.#swarm.retention) this.#every(200, () => this.#retain(), faultyMs)
    world.runUntil(faultyMs)
    this.#heal()
    world.runUntil(faultyMs + healingMs, () => this.#isWell())
    if (!this.#isWell()) throw new Violation(`LIV-P2: not well again: ${this.#state()}`)
    this.#checker.final()
    return this.#result()
  }

  #newProducers(): readonly ToyProducer[] {
    const { producerCount, maxInFlight } = this.#swarm
    const common = { world: this.#world, checker: this.#checker, brokers: this.#brokers }
    return Array.from(
      { length: producerCount },
      (_, index) => new ToyProducer({ producerId: index + 1, ...common, maxInFlight }),
    )
  }

  #every(intervalMs: number, run: () => void, untilMs = Number.POSITIVE_INFINITY): void {
    const world = this.#world
    world.after(1 + world.random.below(intervalMs * 2), () => {
      if (world.nowMs >= untilMs) return
      run()
      this.#every(intervalMs, run, untilMs)
    })
  }

  /** News of a change reach everybody some time later, in order. */
  #publish(): void {
    const world = this.#world
    const { images, image } = this.#controller
    const count = images.length
    for (const broker of this.#brokers) {
      const isLate = this.#swarm.slowNews && !world.isHealed && world.random.chance(0.2)
      world.after(isLate ? 50 + world.random.below(300) : world.delay(), () =>
        broker.applyMetadata(count),
      )
    }
    for (const producer of this.#producers) world.after(world.delay(), () => producer.learn(image))
    if (this.#hasComeBack && image.isr.includes(this.#recovering?.id ?? -1)) {
      this.#recovering = undefined
    }
  }

  #fault(): void {
    const { random } = this.#world
    const { crashes, partitions, elections, fencing } = this.#swarm
    const broker = random.pick(this.#brokers)
    switch (random.below(6)) {
      case 0:
      case 1:
        if (crashes) this.#crashSomebody(broker)
        break
      case 2:
        if (elections) this.#controller.electAny(random)
        break
      case 3:
        if (fencing && broker.isUp) this.#fenceAlive(broker)
        break
      case 4:
        if (partitions) this.#isolate(broker)
        break
      case 5:
        this.#world.unblockAll()
        break
    }
  }

  /** Often somebody who is just being proposed for the ISR: a delicate moment to lose records. */
  #crashSomebody(anybody: ToyBroker): void {
    const { random } = this.#world
    const joining = random.chance(0.7) ? this.#joining() : undefined
    const broker = joining ?? anybody
    if (!broker.isUp) return
    const mayLose = this.#swarm.losses && this.#recovering === undefined
    this.#crash(broker, mayLose && random.chance(joining === undefined ? 0.3 : 1))
  }

  #joining(): ToyBroker | undefined {
    const { leader, isr } = this.#controller.image
    const machine = this.#brokers.find(broker => broker.id === leader)?.leader
    const id = machine?.maximalIsr.find(member => !isr.includes(member))
    return this.#brokers.find(broker => broker.id === id)
  }

  #crash(broker: ToyBroker, isLossy: boolean): void {
    const world = this.#world
    const { random } = world
    if (isLossy) {
      this.#recovering = broker
      this.#hasComeBack = false
      this.#losses += 1
    }
    this.#crashes += 1
    const { brokerEpoch } = broker
    broker.crash(isLossy)
    // Who is back before anybody has noticed is the more dangerous.
    const isBrief = random.chance(isLossy ? 0.8 : 0.5)
    const downMs = isBrief ? 5 + random.below(20) : random.below(500)
    world.after(sessionTimeoutMs, () => this.#controller.fence(broker.id, brokerEpoch))
    world.after(downMs, () => this.#start(broker))
  }

  #start(broker: ToyBroker): void {
    const world = this.#world
    if (broker.isUp) return
    const isReturning = this.#recovering === broker && !this.#hasComeBack
    broker.start(!isReturning)
    if (isReturning) this.#hasComeBack = true
    world.after(world.delay(), () => broker.applyMetadata(this.#controller.images.length))
    this.#unfenceLater(broker)
  }

  #unfenceLater(broker: ToyBroker): void {
    const world = this.#world
    const { brokerEpoch } = broker
    world.after(5 + world.random.below(world.random.pick([10, 60])), () => {
      if (broker.isUp && broker.brokerEpoch === brokerEpoch) {
        this.#controller.unfence(broker.id, brokerEpoch)
      }
    })
  }

  /** Its heartbeats were late. */
  #fenceAlive(broker: ToyBroker): void {
    this.#controller.fence(broker.id, broker.brokerEpoch)
    this.#unfenceLater(broker)
  }

  #isolate(broker: ToyBroker): void {
    const isOneWay = this.#world.random.chance(0.3)
    for (const other of this.#brokers) {
      this.#world.block(broker.name, other.name)
      if (!isOneWay) this.#world.block(other.name, broker.name)
    }
    if (this.#world.random.chance(0.5)) this.#world.block(broker.name, 'controller')
  }

  #retain(): void {
    const { random } = this.#world
    const leader = this.#brokers.find(broker => broker.id === this.#controller.image.leader)
    // Not beyond what everybody has, so that nobody has to start with an empty log.
    const common = Math.min(...this.#brokers.map(broker => broker.log.durableEndOffset))
    const starts = leader?.log.batches.map(batch => batch.baseOffset) ?? []
    const possible = starts.filter(start => start <= common)
    if (possible.length > 0) leader?.advanceStart(random.pick(possible))
  }

  #heal(): void {
    const world = this.#world
    world.isHealed = true
    world.unblockAll()
    for (const broker of this.#brokers) this.#start(broker)
    for (const broker of this.#brokers) this.#unfenceLater(broker)
  }

  #isWell(): boolean {
    const { image } = this.#controller
    const leader = this.#brokers.find(broker => broker.id === image.leader)?.leader
    if (leader === undefined || image.isr.length < this.#brokers.length) return false
    if (!this.#producers.every(producer => producer.isIdle)) return false
    return this.#brokers.every(
      ({ log, highWatermark }) =>
        log.logEndOffset === leader.logEndOffset && highWatermark === leader.logEndOffset,
    )
  }

  #state(): string {
    const { leader, leaderEpoch, isr, elr } = this.#controller.image
    const brokers = this.#brokers.map(
      ({ id, log, highWatermark }) => `${id}: hw=${highWatermark} end=${log.logEndOffset}`,
    )
    return `leader ${leader}/${leaderEpoch} isr=${isr} elr=${elr} ${brokers.join(', ')}`
  }

  #result(): SimulationResult {
    const { image, images } = this.#controller
    return {
      events: this.#world.eventCount,
      batches: this.#checker.committedCount,
      leaderEpochs: image.leaderEpoch,
      isrChanges: images.length,
      crashes: this.#crashes,
      losses: this.#losses,
      truncations: this.#checker.truncations,
      restarts: this.#checker.restarts,
    }
  }
}
