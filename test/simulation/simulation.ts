// One seed: a cluster of real brokers is started, produced to and hurt; then it heals and must
// converge. The invariants are checked after every event.

import { seededRandom } from '@klamm/base'
import { CreateTopics, errorCodes } from '@klamm/protocol'
import { SimWorld } from '@klamm/sim'
import { Checkers } from './checkers.ts'
import { Ghost } from './ghost.ts'
import { GroupGhost } from './group-ghost.ts'
import { Nemesis } from './nemesis.ts'
import type { SimClientOptions } from './sim-client.ts'
import { SimCluster } from './sim-cluster.ts'
import { SimConnection } from './sim-connection.ts'
import { SimConsumer } from './sim-consumer.ts'
import { SimProducer } from './sim-producer.ts'
import { type SwarmOptions, swarmOptions } from './swarm.ts'
import { TopicChurn } from './topic-churn.ts'
import { Violation } from './violation.ts'

export interface SimulationOptions {
  readonly seed: number
  /** Simulated time with faults, in ms. */
  readonly durationMs: number
  /** Keep the text of the trace, not only its hash. */
  readonly keepTrace?: boolean
}

export interface SimulationResult {
  readonly seed: number
  readonly swarm: SwarmOptions
  readonly traceHash: string
  readonly events: number
  readonly simulatedMs: number
  readonly acked: number
  readonly failure: Error | undefined
  readonly trace: readonly string[]
}

const topic = 'orders'
/** Simulated time in which a healed cluster must be whole again. */
const healLimitMs = 120_000

const brokerCount = 3
const minInsyncReplicas = 2

/** Shorter than Kafka's defaults, so that a short run sees many fail-overs. */
const config: ReadonlyMap<string, string> = new Map([
  ['broker.session.timeout.ms', '3000'],
  ['broker.heartbeat.interval.ms', '500'],
  ['replica.lag.time.max.ms', '3000'],
  ['min.insync.replicas', `${minInsyncReplicas}`],
  ['offsets.topic.num.partitions', '2'],
  ['group.min.session.timeout.ms', '1000'],
  ['group.initial.rebalance.delay.ms', '100'],
])

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, durationMs, keepTrace = false } = options
  const swarm = swarmOptions(seededRandom(`${seed}`).fork('swarm'), brokerCount)
  const world = new SimWorld({
    seed,
    trace: { keepLines: keepTrace ? 2_000_000 : 200 },
  })
  const run = new Run(world, swarm, durationMs)
  let failure: Error | undefined
  try {
    await run.go()
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
  }
  const { scheduler, trace } = world
  return {
    seed,
    swarm,
    traceHash: trace.hash,
    events: scheduler.eventCount,
    simulatedMs: scheduler.nowMs,
    acked: run.ghost.acks.length,
    failure,
    trace: trace.lines(),
  }
}

/** A client that runs until it is stopped. */
interface SimClientLoop {
  readonly failures: readonly unknown[]
  start(): void
  stop(): Promise<void>
}

class Run {
  readonly ghost = new Ghost()
  readonly #world: SimWorld
  readonly #swarm: SwarmOptions
  readonly #durationMs: number
  readonly #cluster: SimCluster
  readonly #checkers: Checkers
  readonly #groupGhost = new GroupGhost()
  readonly #consumers: SimConsumer[] = []
  readonly #writers: SimClientLoop[] = []
  #topicId = ''

  constructor(world: SimWorld, swarm: SwarmOptions, durationMs: number) {
    this.#world = world
    this.#swarm = swarm
    this.#durationMs = durationMs
    this.#cluster = new SimCluster({ world, brokerCount, config })
    this.#checkers = new Checkers(this.#cluster, this.ghost, minInsyncReplicas)
  }

  async go(): Promise<void> {
    for (const id of this.#cluster.brokerIds) this.#cluster.start(id)
    await this.#until('LIV boot', () => this.#cluster.isReady(), healLimitMs)
    await this.#world.scheduler.settle(this.#createTopic())
    const nemesis = new Nemesis(this.#cluster, this.#swarm, this.#world.random('faults'))
    this.#startClients()
    this.ghost.onAck = () => nemesis.acked()
    nemesis.start()
    const endMs = this.#world.scheduler.nowMs + this.#durationMs
    await this.#until('', () => this.#world.scheduler.nowMs >= endMs, this.#durationMs)
    nemesis.heal()
    await this.#until('LIV heal', () => this.#cluster.isReady(), healLimitMs)
    await this.#stopped('LIV-P1 produce', this.#writers)
    await this.#until('GRP-6 all is read', () => this.#isRead(), healLimitMs)
    await this.#stopped('GRP-6 groups', this.#consumers)
    await this.#until('LIV-P2 in sync', () => this.#isWhole(), healLimitMs)
    this.#checkers.checkConverged()
  }

  /** Clients end when they know the fate of everything they have asked for. */
  async #stopped(name: string, clients: readonly SimClientLoop[]): Promise<void> {
    let doneCount = 0
    for (const client of clients) {
      void client.stop().then(() => {
        doneCount += 1
      })
    }
    await this.#until(name, () => doneCount === clients.length, healLimitMs)
  }

  /** The group has read everything there is. */
  #isRead(): boolean {
    if (this.#consumers.length === 0) return true
    for (let i = 0; i < this.#swarm.partitionCount; i++) {
      const end = this.#checkers.committedEnd(this.#topicId, i)
      if (this.#groupGhost.consumedEnd(i) < end) return false
    }
    return true
  }

  /** Runs until `isDone`, with all checks after every event. An empty name may run out of time. */
  async #until(name: string, isDone: () => boolean, limitMs: number): Promise<void> {
    const isReached = await this.#world.scheduler.runUntilTrue(() => {
      this.#checkers.check()
      const [failed] = this.#cluster.failures
      if (failed !== undefined) {
        throw new Violation('bug', `broker ${failed.brokerId} failed: ${text(failed.error)}`)
      }
      for (const { failures } of this.#writers) if (failures.length > 0) throw failures[0]
      for (const { failures } of this.#consumers) if (failures.length > 0) throw failures[0]
      return isDone()
    }, limitMs)
    if (isReached || name === '') return
    throw new Violation(name, `not within ${limitMs} ms\n${this.#describe()}`)
  }

  /** All brokers know the same metadata; every partition has all its replicas in sync, equal. */
  #isWhole(): boolean {
    const [first, ...others] = this.#cluster.running
    if (first === undefined) return false
    const { position, topics } = first.quorum.image
    for (const { quorum } of others) {
      if (quorum.image.position.offset !== position.offset) return false
    }
    for (const topic of topics.values()) {
      for (const { leader, isr, replicas } of topic.partitions) {
        if (leader < 0 || isr.length !== replicas.length) return false
      }
    }
    for (const broker of this.#cluster.running) {
      for (const { leader, follower, highWatermark, log } of broker.partitions) {
        if (leader === undefined && follower === undefined) return false
        if (highWatermark !== log.logEndOffset) return false
      }
    }
    return true
  }

  /** What every replica believes, for whoever has to understand why it does not converge. */
  #describe(): string {
    const lines: string[] = []
    for (const broker of this.#cluster.running) {
      lines.push(`broker ${broker.brokerId}: ${broker.isServing ? 'serving' : 'not serving'}`)
      for (const {
        leader,
        follower,
        log,
        highWatermark,
        partitionIndex,
        topicName,
      } of broker.partitions) {
        const role =
          leader === undefined
            ? `follower epoch ${follower?.leaderEpoch} ${follower?.state}`
            : `leader epoch ${leader.leaderEpoch} isr (${leader.partition.isr})`
        const offsets = `hw ${highWatermark} durable ${log.durableEndOffset} end ${log.logEndOffset}`
        lines.push(`  ${topicName}-${partitionIndex}: ${role} ${offsets}`)
      }
    }
    return lines.join('\n')
  }

  async #createTopic(): Promise<void> {
    const env = this.#world.node('admin').start()
    const signal = new AbortController().signal
    for (;;) {
      const connection = await SimConnection.open(env.network, this.#cluster.address(1), signal)
      const response = await connection.request(CreateTopics, 7, {
        topics: [
          {
            name: topic,
            numPartitions: this.#swarm.partitionCount,
            replicationFactor: 3,
            assignments: [],
            configs: [],
          },
        ],
        timeoutMs: 5_000,
        validateOnly: false,
      })
      connection.close()
      const [created] = response.topics
      if (created?.errorCode === errorCodes.NONE) {
        this.#topicId = created.topicId
        return
      }
      await env.clock.sleep(100)
    }
  }

  #startClients(): void {
    const { producerCount, meanPauseMs, maxRecordsPerBatch, maxInFlight } = this.#swarm
    const { ghost } = this
    const checkers = this.#checkers
    for (let i = 1; i <= producerCount; i++) {
      const name = `producer-${i}`
      const load = { meanPauseMs, maxRecordsPerBatch, maxInFlight }
      this.#writers.push(
        new SimProducer({ ...this.#clientOptions(name), ...load, name, ghost, topic }),
      )
    }
    if (this.#swarm.hasTopicChurn) {
      this.#writers.push(new TopicChurn({ ...this.#clientOptions('churn'), ghost, checkers }))
    }
    for (let i = 1; i <= this.#swarm.consumerCount; i++) {
      const options = this.#clientOptions(`consumer-${i}`)
      const group = { groupId: 'readers', ghost: this.#groupGhost }
      this.#consumers.push(new SimConsumer({ ...options, ...group, checkers, topic }))
    }
    for (const client of [...this.#writers, ...this.#consumers]) client.start()
  }

  #clientOptions(name: string): SimClientOptions {
    return {
      env: this.#world.node(name).start(),
      random: this.#world.random(`workload/${name}`),
      bootstrap: this.#cluster.brokerIds.map(id => ({ host: `broker-${id}`, port: 9092 })),
    }
  }
}

function text(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
