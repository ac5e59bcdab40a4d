// The metadata quorum as one broker takes part in it: raft node, its store, the loader of what is
// committed, and the controller when this broker leads.

import type { Random } from '@klamm/base'
import type { Clock, Logger } from '@klamm/base/env'
import {
  type PersistedState,
  type RaftConfig,
  RaftNode,
  raftConfig,
  type Unreadable,
  type VoterId,
} from '@klamm/raft'
import type { ControllerOptions, MetadataImage } from '../metadata/index.ts'
import type { PeerChannels } from '../network/peer-channels.ts'
import type { MetadataService } from '../services.ts'
import { ControllerDriver } from './controller-driver.ts'
import { MetadataLoader, type MetadataPublisher } from './metadata-loader.ts'
import { RaftDriver, type RaftWriter } from './raft-driver.ts'
import { packetOf, sendPacket } from './raft-transport.ts'

export interface QuorumOptions {
  readonly id: VoterId
  readonly contacts: readonly number[]
  readonly state: PersistedState | Unreadable
  readonly store: RaftWriter
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly peers: PeerChannels
  readonly raft?: Partial<RaftConfig>
  readonly controller: ControllerOptions
  readonly features: ReadonlyMap<string, number>
  readonly balanceIntervalMs: number
  readonly publishers: readonly MetadataPublisher[]
  readonly onFailure: (error: unknown) => void
}

/** Entries since the last snapshot, in bytes, after which another is made. */
const snapshotAfterBytes = 4 * 1024 * 1024

/** When a node that has just started asks for votes; apart enough that one is usually alone. */
const firstCampaign = { minMs: 20, spreadMs: 150 }

export class Quorum implements MetadataService, AsyncDisposable {
  readonly #options: QuorumOptions
  readonly #loader: MetadataLoader
  readonly #raft: RaftDriver
  readonly controller: ControllerDriver

  constructor(options: QuorumOptions) {
    this.#options = options
    const { id, state, store, clock, random, log, peers, onFailure } = options
    this.controller = new ControllerDriver({
      clock,
      random: random.fork('controller'),
      log,
      controller: options.controller,
      features: options.features,
      balanceIntervalMs: options.balanceIntervalMs,
      image: () => this.#loader.image,
      raft: () => this.#raft,
      onBug: onFailure,
    })
    this.#loader = new MetadataLoader({
      publishers: options.publishers,
      onApplied: entry => this.controller.applied(entry),
    })
    const node = new RaftNode({
      id,
      config: raftConfig(options.raft),
      state,
      contacts: options.contacts,
      random: random.fork('raft'),
      nowMs: clock.monotonicMs(),
    })
    this.#raft = new RaftDriver({
      node,
      store,
      machine: this.#loader,
      clock,
      send: packet => sendPacket(peers, packet),
      onRole: change => {
        log.info('quorum role', { role: change.role, term: change.term })
        this.controller.roleChanged(change)
      },
      onFailure,
      snapshotAfterBytes,
    })
  }

  get image(): MetadataImage {
    return this.#loader.image
  }

  get controllerId(): number {
    return this.#raft.node.status().leader?.nodeId ?? -1
  }

  start(): void {
    const { minMs, spreadMs } = firstCampaign
    this.#raft.start(minMs + this.#options.random.fork('campaign').float() * spreadMs)
  }

  /** A private frame from another broker. */
  receive(frame: Uint8Array): void {
    const packet = packetOf(frame, this.#options.log)
    if (packet !== undefined) this.#raft.step(packet)
  }

  /** Hands the leadership of the quorum over, if it is here. */
  resign(): void {
    this.#raft.resign()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.controller.stop()
    await this.#raft[Symbol.asyncDispose]()
  }
}
