// A cluster of brokers in this process: start, stop, kill and restart of its nodes.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { present } from '@klamm/base'
import { type Address, ConfigError } from '@klamm/base/env'
import { systemRandom } from '@klamm/base/node'
import { Kafka, type KafkaOptions } from '@klamm/client'
import { ClusterDirectory, type ClusterIdentity, newIdentity } from './cluster-directory.ts'
import { markFirstStart } from './first-start.ts'
import { ReachingWithin } from './in-process.ts'
import type { Launcher, NodeHandle } from './launcher.ts'
import type { NodeOptions } from './node-options.ts'
import { type NodePlan, planCluster } from './plan.ts'
import { type CheckedSpec, type ClusterMode, type ClusterSpec, checkSpec } from './spec.ts'

export interface BrokerAddress {
  readonly brokerId: number
  readonly zone: string
  readonly host: string
  readonly port: number
}

/**
 * Starts a cluster. Resolves when every broker listens; `ready` tells when they serve. Rejects with
 * ConfigError when the operator can mend the reason: a port in use, a directory of another cluster.
 */
export async function startCluster(spec: ClusterSpec = {}): Promise<Cluster> {
  const checked = checkSpec(spec)
  const nodes = planCluster(checked)
  await using stack = new AsyncDisposableStack()
  const launcher = stack.use(await newLauncher(checked.mode))
  const { identity, pathOf } = await openData(checked, nodes, stack)
  const voters = nodes
    .filter(({ isVoter }) => isVoter)
    .map(({ brokerId }) => ({ nodeId: brokerId, directoryId: directoryIdOf(identity, brokerId) }))
  const options = nodes.map(node => ({
    brokerId: node.brokerId,
    clusterId: identity.clusterId,
    zone: node.zone,
    directoryId: directoryIdOf(identity, node.brokerId),
    voters,
    host: checked.host,
    port: node.port,
    dataDirectory: pathOf(node),
    durability:
      pathOf(node) !== undefined && checked.durability === 'memory' ? 'os' : checked.durability,
    config: [...checked.config],
    logLevel: checked.logLevel,
  })) satisfies NodeOptions[]
  const cluster = new Cluster(identity.clusterId, launcher, options)
  stack.defer(() => cluster.close())
  await cluster.start()
  cluster.own(stack.move())
  return cluster
}

/** Only what the mode needs is loaded: without brokers in this thread, nothing of a broker. */
async function newLauncher(mode: ClusterMode): Promise<Launcher> {
  if (mode === 'worker') return new (await import('./launch-worker.ts')).WorkerLauncher()
  return new (await import('./launch-inline.ts')).InlineLauncher()
}

export class Cluster implements AsyncDisposable {
  readonly clusterId: string
  readonly #launcher: Launcher
  readonly #options = new Map<number, NodeOptions>()
  readonly #nodes = new Map<number, NodeHandle>()
  readonly #failures: Error[] = []
  /** What is left of nodes that failed, until it has ended. Never rejects. */
  readonly #ending = new Map<number, Promise<void>>()
  #resources: AsyncDisposableStack | undefined

  constructor(clusterId: string, launcher: Launcher, options: readonly NodeOptions[]) {
    this.clusterId = clusterId
    this.#launcher = launcher
    for (const each of options) this.#options.set(each.brokerId, each)
  }

  /** Ids of all brokers, running or not. */
  get brokerIds(): readonly number[] {
    return [...this.#options.keys()]
  }

  /** Where clients reach the brokers that run. */
  get brokers(): readonly BrokerAddress[] {
    const brokers: BrokerAddress[] = []
    // In the order of their ids, not in the order in which they happened to start.
    for (const { brokerId, zone, host } of this.#options.values()) {
      const node = this.#nodes.get(brokerId)
      if (node !== undefined) brokers.push({ brokerId, zone, host, port: node.port })
    }
    return brokers
  }

  /** `host:port` of every running broker: what clients take as bootstrap servers. */
  get bootstrapServers(): readonly string[] {
    return this.brokers.map(({ host, port }) => `${host}:${port}`)
  }

  /**
   * A client of this cluster, in this process and without sockets. What is made from it is closed
   * by whoever made it, not by the cluster.
   */
  client(options: Omit<KafkaOptions, 'brokers'> = {}): Kafka {
    const network = new ReachingWithin(this.#launcher.clients, address => this.#brokerIdAt(address))
    return new Kafka({
      ...options,
      brokers: this.bootstrapServers,
      env: { network, ...options.env },
    })
  }

  /** Failures of nodes that ended by themselves. */
  get failures(): readonly Error[] {
    return this.#failures
  }

  /** Resolves when every running broker serves. */
  async ready(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map(node => node.ready()))
  }

  /** Stops one broker in order: its partitions are led by others before it goes. */
  async stop(brokerId: number): Promise<void> {
    const node = this.#take(brokerId)
    await node.stop('alone')
  }

  /** Ends one broker at once, as a crash would. */
  async kill(brokerId: number): Promise<void> {
    const node = this.#take(brokerId)
    await node.kill()
  }

  /** Starts a broker that was stopped or killed, on its port and data. Resolves when it serves. */
  async restart(brokerId: number): Promise<void> {
    if (this.#nodes.has(brokerId)) await this.stop(brokerId)
    await this.#launch(brokerId)
    await this.#nodes.get(brokerId)?.ready()
  }

  async start(): Promise<void> {
    const starts = this.brokerIds.map(brokerId => this.#launch(brokerId))
    const results = await Promise.allSettled(starts)
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** Stops all brokers, each flushed and clean, and gives everything back. */
  async close(): Promise<void> {
    const nodes = [...this.#nodes.values()]
    this.#nodes.clear()
    await Promise.all(nodes.map(node => node.stop('all')))
    await Promise.all(this.#ending.values())
    const resources = this.#resources
    this.#resources = undefined
    await resources?.disposeAsync()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** What is to be given back when the cluster closes. */
  own(resources: AsyncDisposableStack): void {
    this.#resources = resources
  }

  async #launch(brokerId: number): Promise<void> {
    await this.#ending.get(brokerId)
    const options = this.#optionsOf(brokerId)
    const early: Error[] = []
    const node = await this.#launcher.launch(options, {
      onFailure: (id, error) => {
        early.push(error)
        this.#failed(id, error)
      },
    })
    if (early[0] !== undefined) {
      await node.kill().catch(() => undefined)
      throw early[0]
    }
    this.#nodes.set(brokerId, node)
    // A free port was taken: keep it over restarts, so that clients find the broker again.
    this.#options.set(brokerId, { ...options, port: node.port })
  }

  /** Nothing in it can be trusted any more; what it holds, its port above all, is given back. */
  #failed(brokerId: number, error: Error): void {
    this.#failures.push(error)
    const node = this.#nodes.get(brokerId)
    if (node === undefined) return
    this.#nodes.delete(brokerId)
    // The failure has been told; that the remains fail too is no news.
    const ended = node.kill().catch(() => undefined)
    this.#ending.set(brokerId, ended)
  }

  #brokerIdAt(address: Address): number | undefined {
    if (address.kind !== 'tcp') return undefined
    const isThere = (broker: BrokerAddress): boolean =>
      broker.port === address.port && broker.host === address.host
    return this.brokers.find(isThere)?.brokerId
  }

  #take(brokerId: number): NodeHandle {
    const node = this.#nodes.get(brokerId)
    if (node === undefined) throw new ConfigError(`broker ${brokerId} is not running`)
    this.#nodes.delete(brokerId)
    return node
  }

  #optionsOf(brokerId: number): NodeOptions {
    const options = this.#options.get(brokerId)
    if (options === undefined) throw new ConfigError(`there is no broker ${brokerId}`)
    return options
  }
}

function directoryIdOf({ directoryIds }: ClusterIdentity, brokerId: number): string {
  return present(directoryIds.get(brokerId), 'every broker of a cluster has a directory id')
}

/** The identity of the cluster, and where each node keeps its data. */
async function openData(
  spec: CheckedSpec,
  nodes: readonly NodePlan[],
  stack: AsyncDisposableStack,
): Promise<{ identity: ClusterIdentity; pathOf: (node: NodePlan) => string | undefined }> {
  const random = systemRandom()
  if (spec.dataDirectory !== undefined) {
    const directory = stack.use(
      await ClusterDirectory.open(spec.dataDirectory, spec, nodes, random),
    )
    return { identity: directory.identity, pathOf: node => directory.brokerDirectory(node) }
  }
  const identity = newIdentity(nodes, random)
  if (spec.mode === 'inline') return { identity, pathOf: () => undefined }
  // A thread that is killed takes its memory with it: what must survive a broker is in files.
  const path = await mkdtemp(join(tmpdir(), 'klamm-'))
  stack.defer(() => rm(path, { recursive: true, force: true }))
  for (const { directory } of nodes) await markFirstStart(join(path, directory))
  return { identity, pathOf: ({ directory }) => join(path, directory) }
}
