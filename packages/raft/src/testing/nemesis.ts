// Load and faults of one seed. Every seed disables some kinds of fault entirely and exaggerates
// others (swarm testing), so that rare combinations become frequent in some seed.

import type { Random } from '@klamm/base'
import type { RaftNode } from '../raft-node.ts'
import { coreOf } from '../raft-node.ts'
import { type Configuration, sameVoter, type VoterId } from '../types.ts'
import type { Cluster, Host } from './cluster.ts'

/** How often per simulated second each kind happens; 0 for never. */
export interface Swarm {
  readonly proposals: number
  readonly reads: number
  readonly snapshots: number
  readonly memberships: number
  readonly transfers: number
  readonly crashes: number
  readonly partitions: number
  readonly leaderCuts: number
  readonly oneWayCuts: number
  readonly pauses: number
  readonly slowDisks: number
  readonly lostDisks: number
  readonly campaigns: number
  readonly forgottenLeaders: number
}

export function swarm(random: Random): Swarm {
  const rate = (perSecond: number): number =>
    random.chance(0.3) ? 0 : perSecond * (0.2 + random.float() * random.float() * 6)
  return {
    proposals: 3 + random.float() * random.float() * 50,
    reads: rate(6),
    snapshots: rate(1),
    memberships: rate(2),
    transfers: rate(0.3),
    crashes: rate(1),
    partitions: rate(0.6),
    leaderCuts: rate(1),
    oneWayCuts: rate(0.3),
    pauses: rate(0.4),
    slowDisks: rate(1),
    lostDisks: rate(0.5),
    campaigns: rate(0.5),
    forgottenLeaders: rate(0.5),
  }
}

export class Nemesis {
  readonly #cluster: Cluster
  readonly #random: Random
  #proposalCount = 0
  #readCount = 0
  #isOver = false

  constructor(cluster: Cluster, random: Random, rates: Swarm) {
    this.#cluster = cluster
    this.#random = random
    this.#repeat(rates.proposals, () => this.#propose())
    this.#repeat(rates.reads, () => this.#read())
    this.#repeat(rates.snapshots, () => this.#compact())
    this.#repeat(rates.memberships, () => this.#changeMembership())
    this.#repeat(rates.transfers, () => this.#transfer())
    this.#repeat(rates.crashes, () => this.#crash())
    this.#repeat(rates.partitions, () => this.#partition())
    this.#repeat(rates.leaderCuts, () => this.#cutLeader())
    this.#repeat(rates.oneWayCuts, () => this.#cutOneWay())
    this.#repeat(rates.pauses, () => this.#pause())
    this.#repeat(rates.slowDisks, () => this.#slowDisk())
    this.#repeat(rates.lostDisks, () => this.#loseDisk())
    this.#repeat(rates.campaigns, () => this.#campaign())
    this.#repeat(rates.forgottenLeaders, () => this.#forgetLeader())
  }

  /** No more load, no more faults. */
  stop(): void {
    this.#isOver = true
  }

  /**
   * Everything is repaired: the network is calm, every process runs, damaged disks are replaced.
   */
  heal(): void {
    const cluster = this.#cluster
    cluster.faults.calm()
    for (const host of cluster.hosts) {
      host.flushMsMax = 5
      cluster.resume(host)
      if (host.disk.isDamaged) cluster.replaceDisk(host)
      cluster.start(host)
    }
  }

  #repeat(perSecond: number, action: () => void): void {
    if (perSecond === 0) return
    const delayMs = this.#random.float() * (2000 / perSecond)
    this.#cluster.at(delayMs, () => {
      if (this.#isOver) return
      action()
      this.#repeat(perSecond, action)
    })
  }

  // --- load -----------------------------------------------------------------------------------

  #propose(): void {
    this.#proposalCount += 1
    const text = new Uint8Array(4)
    new DataView(text.buffer).setUint32(0, this.#proposalCount)
    this.#onLeaders(node => void node.propose(text))
  }

  #read(): void {
    this.#onLeaders(node => {
      this.#readCount += 1
      this.#cluster.checker.readRequested(this.#readCount)
      node.readIndex(this.#readCount)
    })
  }

  #compact(): void {
    const host = this.#random.pick(this.#cluster.hosts)
    if (host.isPaused) return
    this.#cluster.touch(host, node => node.compact(host.machine.index, host.machine.snapshot()))
  }

  #changeMembership(): void {
    this.#onLeaders(node => {
      const { voters } = coreOf(node).membership
      const gone = voters.find(voter => this.#isGone(voter))
      if (gone !== undefined)
        return void node.proposeConfigChange({ kind: 'removeVoter', voter: gone })
      const newcomers = this.#cluster.hosts.filter(
        host => !voters.some(voter => sameVoter(voter, host.id)),
      )
      const grows = voters.length < 3 || this.#random.chance(0.5)
      if (grows && newcomers.length > 0) {
        const voter = this.#random.pick(newcomers).id
        return void node.proposeConfigChange({ kind: 'addVoter', voter })
      }
      if (voters.length > 1) {
        const voter = this.#random.pick(voters)
        node.proposeConfigChange({ kind: 'removeVoter', voter })
      }
    })
  }

  #transfer(): void {
    this.#onLeaders(node => {
      const to = this.#random.pick(this.#cluster.hosts).id
      node.transferLeadership(this.#random.chance(0.5) ? to : undefined)
    })
  }

  #campaign(): void {
    const host = this.#random.pick(this.#cluster.hosts)
    if (!host.isPaused) this.#cluster.touch(host, node => node.campaign())
  }

  /** Drivers take a living leader for dead, and one of them acts on it. */
  #forgetLeader(): void {
    const eager = this.#random.pick(this.#cluster.hosts)
    for (const host of this.#cluster.hosts) {
      if (host.isPaused || this.#random.chance(0.3)) continue
      this.#cluster.touch(host, node => {
        const { leader } = node.status()
        if (leader !== undefined) node.forgetLeader(leader.nodeId)
        this.#cluster.checker.forgotLeader(host.id)
        if (host === eager) node.campaign()
      })
    }
  }

  /** Everybody who believes to lead, the stale ones too. */
  #onLeaders(action: (node: RaftNode) => void): void {
    for (const host of this.#cluster.hosts) {
      const isLeader = host.node !== undefined && coreOf(host.node).role === 'leader'
      if (isLeader && !host.isPaused) this.#cluster.touch(host, action)
    }
  }

  // --- faults ---------------------------------------------------------------------------------

  #crash(): void {
    const cluster = this.#cluster
    const all = this.#random.chance(0.1)
    const hosts = all ? cluster.hosts : [this.#random.pick(cluster.hosts)]
    for (const host of hosts) {
      cluster.crash(host)
      cluster.at(this.#random.float() * 1500, () => cluster.start(host))
    }
  }

  #partition(): void {
    const { faults, hosts } = this.#cluster
    const side = new Set(hosts.filter(() => this.#random.chance(0.4)).map(host => host.nodeId))
    for (const nodeId of side) {
      const others = hosts.map(host => host.nodeId).filter(other => !side.has(other))
      faults.isolate(nodeId, others)
    }
    this.#cluster.note(`partition ${[...side].join()}`)
    this.#joinLater()
  }

  /** The leader goes on with a minority: the way to logs that differ and to stale reads. */
  #cutLeader(): void {
    const { faults, hosts } = this.#cluster
    const leader = hosts.find(
      host => host.node !== undefined && coreOf(host.node).role === 'leader',
    )
    if (leader === undefined) return
    const company = this.#random.chance(0.5) ? this.#random.pick(hosts).nodeId : leader.nodeId
    const others = hosts
      .map(host => host.nodeId)
      .filter(nodeId => nodeId !== leader.nodeId && nodeId !== company)
    faults.isolate(leader.nodeId, others)
    if (company !== leader.nodeId) faults.isolate(company, others)
    this.#cluster.note(`cut off the leader ${leader.nodeId} with ${company}`)
    this.#joinLater()
  }

  #cutOneWay(): void {
    const { faults, hosts } = this.#cluster
    faults.cut(this.#random.pick(hosts).nodeId, this.#random.pick(hosts).nodeId)
    this.#joinLater()
  }

  #joinLater(): void {
    this.#cluster.at(this.#random.float() * 2000, () => this.#cluster.faults.join())
  }

  #pause(): void {
    const host = this.#random.pick(this.#cluster.hosts)
    this.#cluster.pause(host)
    this.#cluster.at(this.#random.float() * 1500, () => this.#cluster.resume(host))
  }

  #slowDisk(): void {
    const host = this.#random.pick(this.#cluster.hosts)
    host.flushMsMax = 300
    this.#cluster.at(this.#random.float() * 2000, () => {
      host.flushMsMax = 5
    })
  }

  /**
   * One disk at a time, and only while every configuration that anybody may act on has its disks:
   * losing more than consensus tolerates proves nothing.
   */
  #loseDisk(): void {
    const cluster = this.#cluster
    const known = [
      ...cluster.checker.ghost.openConfigurations,
      ...cluster.hosts.flatMap(host => this.#configurations(host)),
    ]
    const isSafe = (voters: readonly VoterId[]) =>
      voters.length >= 3 && !voters.some(voter => this.#isGone(voter))
    if (!known.every(({ voters }) => isSafe(voters))) return
    const host = this.#random.pick(cluster.hosts)
    if (this.#random.chance(0.5)) {
      cluster.damageDisk(host)
      cluster.at(this.#random.float() * 500, () => cluster.start(host))
      cluster.at(500 + this.#random.float() * 1500, () => {
        if (host.disk.isDamaged) this.#replace(host)
      })
    } else this.#replace(host)
  }

  /** What the host may act on, now or after a restart; none if it never heard of any. */
  #configurations(host: Host): Configuration[] {
    const { entries, snapshot } = host.disk.state
    const configurations = [snapshot.configuration]
    for (const entry of entries)
      if (entry.kind === 'config') configurations.push(entry.configuration)
    const inForce = host.node === undefined ? [] : [coreOf(host.node).membership.inForce]
    return [...configurations.slice(-2), ...inForce].filter(({ voters }) => voters.length > 0)
  }

  #replace(host: Host): void {
    this.#cluster.replaceDisk(host)
    this.#cluster.at(this.#random.float() * 500, () => this.#cluster.start(host))
  }

  #isGone(voter: VoterId): boolean {
    const host = this.#cluster.hosts[voter.nodeId - 1]
    return host === undefined || host.disk.isDamaged || !sameVoter(host.id, voter)
  }
}
