// Three (or so) real brokers on simulated machines: what of them is up, and ways to stop them.

import { assert, present } from '@klamm/base'
import { type Address, StorageError } from '@klamm/base/env'
import { type Broker, openBroker } from '@klamm/broker'
import type { CrashKind, SimNode, SimWorld } from '@klamm/sim'

export interface SimClusterOptions {
  readonly world: SimWorld
  readonly brokerCount: number
  readonly config: ReadonlyMap<string, string>
}

const clientPort = 9092
/** When a broker that ended because its disk failed is started again, in ms. */
const restartMs = 1_000

export class SimCluster {
  readonly world: SimWorld
  readonly brokerIds: readonly number[]
  readonly #options: SimClusterOptions
  readonly #brokers = new Map<number, Broker>()
  readonly #clusterId: string
  readonly #directoryIds: ReadonlyMap<number, string>
  /** Brokers whose last process stopped by itself and proved that it lost nothing. */
  readonly #stoppedCleanly = new Set<number>()
  /** The last incarnation of each broker that was started after a clean stop. */
  readonly #lastCleanStart = new Map<number, number>()
  readonly #stopping = new WeakSet<Broker>()
  /** Failures that brokers reported of themselves, but for those of a disk: each one is a bug. */
  readonly failures: { readonly brokerId: number; readonly error: unknown }[] = []

  constructor(options: SimClusterOptions) {
    this.#options = options
    this.world = options.world
    const { brokerCount } = options
    this.brokerIds = Array.from({ length: brokerCount }, (_, i) => i + 1)
    this.#clusterId = idOf('cluster')
    this.#directoryIds = new Map(this.brokerIds.map(id => [id, idOf(`directory-${id}`)]))
  }

  node(brokerId: number): SimNode {
    return this.world.node(nodeName(brokerId))
  }

  /** The broker, while it runs. */
  broker(brokerId: number): Broker | undefined {
    return this.#brokers.get(brokerId)
  }

  get running(): readonly Broker[] {
    return [...this.#brokers.values()]
  }

  address(brokerId: number): Address {
    return { kind: 'tcp', host: nodeName(brokerId), port: clientPort }
  }

  /** Begins to start a broker; it is there when its node is up and `broker(id)` has it. */
  start(brokerId: number): void {
    const node = this.node(brokerId)
    assert(!node.isUp, 'a broker is started on a machine that is down')
    const { incarnation } = node
    const env = node.start()
    if (this.#stoppedCleanly.delete(brokerId)) this.#lastCleanStart.set(brokerId, incarnation + 1)
    const opening = openBroker(env, {
      brokerId,
      clusterId: this.#clusterId,
      zone: `zone-${brokerId}`,
      directoryId: present(this.#directoryIds.get(brokerId), 'every broker has a directory'),
      voters: this.brokerIds.map(id => ({
        nodeId: id,
        directoryId: present(this.#directoryIds.get(id), 'every broker has a directory'),
      })),
      listen: this.address(brokerId),
      advertisedHost: nodeName(brokerId),
      config: this.#options.config,
      onFailure: error => this.#failed(brokerId, incarnation + 1, error),
    })
    opening.then(
      broker => {
        if (node.isUp && node.incarnation === incarnation + 1) this.#brokers.set(brokerId, broker)
      },
      (error: unknown) => this.#failed(brokerId, incarnation + 1, error),
    )
  }

  /** The process or the machine dies in this instant. */
  crash(brokerId: number, kind: CrashKind): void {
    this.#brokers.delete(brokerId)
    this.#stoppedCleanly.delete(brokerId)
    this.node(brokerId).crash(kind)
  }

  /** Resolves with true when the broker has stopped by itself, never when it died before. */
  async stop(brokerId: number, handOverMs: number): Promise<boolean> {
    const broker = this.#brokers.get(brokerId)
    if (broker === undefined || this.#stopping.has(broker)) return false
    this.#stopping.add(broker)
    await broker.stop(handOverMs)
    this.#brokers.delete(brokerId)
    this.#stoppedCleanly.add(brokerId)
    this.node(brokerId).stop()
    return true
  }

  isStopping(broker: Broker): boolean {
    return this.#stopping.has(broker)
  }

  /**
   * Whether the present process of the broker, or the one before it whose registration may be on
   * its way still, was started after a clean stop.
   */
  mayHaveComeBackCleanly(brokerId: number): boolean {
    const lastCleanStart = this.#lastCleanStart.get(brokerId) ?? 0
    return lastCleanStart >= this.node(brokerId).incarnation - 1
  }

  /** Whether all brokers run and are let serve. */
  isReady(): boolean {
    return this.brokerIds.every(id => this.#brokers.get(id)?.isServing === true)
  }

  #failed(brokerId: number, incarnation: number, error: unknown): void {
    const node = this.node(brokerId)
    // What a dead incarnation still throws is nobody's.
    if (!node.isUp || node.incarnation !== incarnation) return
    const isOfDisk = error instanceof StorageError && error.code === 'io'
    if (!isOfDisk) this.failures.push({ brokerId, error })
    this.crash(brokerId, 'process')
    if (isOfDisk) {
      this.world.scheduler.after(restartMs, () => {
        if (!node.isUp) this.start(brokerId)
      })
    }
  }
}

function nodeName(brokerId: number): string {
  return `broker-${brokerId}`
}

/** A uuid that says what it is of; 22 characters of base64url. */
function idOf(name: string): string {
  return `sim-${name}`.padEnd(21, '-').slice(0, 21).concat('A')
}
