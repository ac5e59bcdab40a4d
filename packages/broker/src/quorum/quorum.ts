// The metadata quorum as one broker takes part in it: raft node, its store, the loader of what is
// committed, and the controller when this broker leads.

import type { Random } from '@klamm/base'
import { type Clock, type Logger, NetworkError } from '@klamm/base/env'
import {
  type PersistedState,
  type RaftConfig,
  RaftNode,
  type RoleChange,
  raftConfig,
  type Unreadable,
  type VoterId,
} from '@klamm/raft'
import type { ControllerOptions, MetadataImage } from '../metadata/index.ts'
import type { PeerChannels } from '../network/peer-channels.ts'
import type { MetadataService } from '../services.ts'
import { Campaigns } from './campaigns.ts'
import { ControllerDriver } from './controller-driver.ts'
import { MetadataLoader, type MetadataPublisher } from './metadata-loader.ts'
import { RaftDriver, type RaftWriter } from './raft-driver.ts'
import { packetOf, sendPacket } from './raft-transport.ts'
import { VoterReplacement } from './voter-replacement.ts'

export interface QuorumOptions {
  readonly id: VoterId
  /** Brokers that are to vote, and that may know who leads. */
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

/**
 * When voters ask for votes after the end of their leader, in ms: one after the other, in the order
 * of their ids, the first when the others have heard of it too.
 */
const succession = { firstMs: 10, stepMs: 60 }

export class Quorum implements MetadataService, AsyncDisposable {
  readonly #options: QuorumOptions
  readonly #loader: MetadataLoader
  readonly #raft: RaftDriver
  readonly #campaigns: Campaigns
  readonly #voterReplacement: VoterReplacement
  readonly controller: ControllerDriver
  /** The leader that was followed last, since this node led itself. */
  #lastLeader: { readonly brokerId: number; heardMs: number } | undefined

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
      onRole: change => this.#roleChanged(change),
      onFailure,
      snapshotAfterBytes,
    })
    this.#campaigns = new Campaigns({
      clock,
      random: random.fork('campaign'),
      status: () => node.status(),
      campaign: () => this.#raft.campaign(),
    })
    this.#voterReplacement = new VoterReplacement({
      clock,
      log,
      nodeIds: options.contacts,
      status: () => node.status(),
      change: change => this.#raft.changeVoters(change),
    })
  }

  get image(): MetadataImage {
    return this.#loader.image
  }

  get controllerId(): number {
    return this.#raft.node.status().leader?.nodeId ?? -1
  }

  start(): void {
    this.#raft.start()
    const { minMs, spreadMs } = firstCampaign
    this.#campaigns.begin(minMs + this.#options.random.fork('first campaign').float() * spreadMs)
  }

  /** A private frame from another broker. */
  receive(frame: Uint8Array): void {
    const packet = packetOf(frame, this.#options.log)
    if (packet === undefined) return
    const last = this.#lastLeader
    if (last?.brokerId === packet.from.nodeId) last.heardMs = this.#options.clock.monotonicMs()
    this.#raft.step(packet)
  }

  /**
   * The connection to a broker is lost. If that is the leader, and nobody listens any more where it
   * did, then its process has ended, and there is nothing to wait for. No answer at all may mean
   * that the network fails: then the time-out of raft decides.
   */
  async connectionLost(brokerId: number): Promise<void> {
    if (this.controllerId !== brokerId) return
    try {
      await this.#options.peers.to(brokerId).connected()
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error
      if (error.code === 'refused') this.#leaderEnded(brokerId)
    }
  }

  /** Hands the leadership of the quorum over, if it is here. */
  resign(): void {
    this.#raft.resign()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.controller.stop()
    this.#campaigns[Symbol.dispose]()
    this.#voterReplacement[Symbol.dispose]()
    await this.#raft[Symbol.asyncDispose]()
  }

  #roleChanged(change: RoleChange): void {
    const { role, term, leader } = change
    const { id, log, clock } = this.#options
    log.info('quorum role', { role, term, leader: leader?.nodeId })
    if (leader !== undefined && leader.nodeId !== id.nodeId) {
      this.#lastLeader = { brokerId: leader.nodeId, heardMs: clock.monotonicMs() }
    }
    this.controller.roleChanged(change, this.#lastLeader)
    this.#voterReplacement.roleChanged(role)
    if (role === 'leader') this.#lastLeader = undefined
  }

  #leaderEnded(brokerId: number): void {
    if (this.controllerId !== brokerId) return
    const { id, log } = this.#options
    log.info('the leader of the quorum has ended', { leader: brokerId })
    this.#lastLeader = { brokerId, heardMs: Number.NEGATIVE_INFINITY }
    this.#raft.forgetLeader(brokerId)
    const { voters } = this.#raft.node.status().configuration
    const before = voters.filter(({ nodeId }) => nodeId < id.nodeId && nodeId !== brokerId)
    this.#campaigns.begin(succession.firstMs + before.length * succession.stepMs)
  }
}
