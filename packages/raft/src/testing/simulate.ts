// One seed: a cluster under load and faults, then healed. Safety is checked all the time, progress
// after the healing.

import { InvariantError, seededRandom } from '@klamm/base'
import { raftConfig } from '../config.ts'
import { describeStatus } from '../describe.ts'
import type { Rules } from '../rules.ts'
import { sameVoter } from '../types.ts'
import type { Checker } from './checker.ts'
import { Cluster, type DriverHabits } from './cluster.ts'
import { Nemesis, swarm } from './nemesis.ts'
import { NetworkFaults } from './network-faults.ts'
import { demand, Violation } from './violation.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly rules?: Partial<Rules>
  readonly habits?: DriverHabits
  /** Simulated time with faults. */
  readonly faultMs?: number
}

export interface SimulationResult {
  readonly eventCount: number
  readonly committed: number
  readonly counts: Checker['counts']
}

/** Throws a `Violation` or an `InvariantError` whose message ends with the trace. */
export function simulate(options: SimulationOptions): SimulationResult {
  const random = seededRandom(`raft ${options.seed}`)
  const cluster = newCluster(options)
  try {
    const nemesis = new Nemesis(cluster, random.fork('nemesis'), swarm(random.fork('swarm')))
    cluster.runUntil(options.faultMs ?? 6000)
    nemesis.stop()
    nemesis.heal()
    converge(cluster)
  } catch (error) {
    if (!(error instanceof Violation || error instanceof InvariantError)) throw error
    error.message = `SEED=${options.seed} at ${cluster.nowMs.toFixed(1)} ms: ${error.message}`
    if (process.env.TRACE !== undefined) console.log(cluster.trace.slice(-400).join('\n'))
    throw error
  }
  const { eventCount, checker } = cluster
  return { eventCount, committed: checker.ghost.maxCommitted, counts: { ...checker.counts } }
}

function newCluster(options: SimulationOptions): Cluster {
  const random = seededRandom(`raft ${options.seed}`).fork('cluster')
  const isWild = random.chance(0.7)
  const limits = random.chance(0.5)
    ? {}
    : { appendBytesMax: 60, inflightAppendsMax: 2, applyBytesMax: 50, snapshotChunkBytes: 30 }
  return new Cluster({
    random,
    config: raftConfig({
      electionTimeoutMs: 200,
      heartbeatMs: 60,
      // Safety must not depend on it: some clusters have leaders that hold on for long.
      checkQuorumMs: random.pick([300, 300, 2000]),
      transferTimeoutMs: 200,
      observerTimeoutMs: 1000,
      compactionMarginEntries: random.below(3) * 5,
      newVoterLagMaxEntries: 20,
      ...limits,
    }),
    hostCount: 5,
    voterCount: random.pick([1, 2, 3, 3, 3, 4, 5]),
    usesCodec: random.chance(0.15),
    faults: new NetworkFaults({
      lossChance: isWild && random.chance(0.6) ? random.float() * 0.2 : 0,
      repeatChance: isWild && random.chance(0.6) ? random.float() * 0.2 : 0,
      lateChance: isWild && random.chance(0.6) ? random.float() * 0.2 : 0,
      usualMsMax: 1 + random.float() * 15,
      lateMsMax: 50 + random.float() * 1000,
    }),
    ...(options.rules === undefined ? {} : { rules: options.rules }),
    ...(options.habits === undefined ? {} : { habits: options.habits }),
  })
}

/** LIV-R1 to R3: one leader that everybody follows, new proposals reach everybody. */
function converge(cluster: Cluster): void {
  const { electionTimeoutMs } = cluster.config
  const statuses = () => cluster.hosts.map(host => host.node!.status())
  const show = () => `\n${statuses().map(describeStatus).join('\n')}`
  // Election time-outs are between one and two of these.
  cluster.runUntil(cluster.nowMs + 5 * 2 * electionTimeoutMs)
  const leaders = cluster.hosts.filter(host => host.node?.status().role === 'leader')
  demand(leaders.length === 1, 'LIV-R1 one leader', () => `there are ${leaders.length}${show()}`)
  const leader = leaders[0]!
  let position = { term: 0, index: 0 }
  cluster.touch(leader, node => {
    const result = node.propose(new Uint8Array([1]))
    demand(result.ok, 'LIV-R2 proposals end', () => 'the leader refuses a proposal')
    if (result.ok) position = result.position
  })
  cluster.runUntil(cluster.nowMs + 10 * electionTimeoutMs)
  demand(
    cluster.checker.ghost.committedTerm(position.index) === position.term,
    'LIV-R2 proposals end',
    () => `proposal ${position.index}/${position.term} did not commit${show()}`,
  )
  const { configuration } = cluster.checker.ghost
  for (const host of cluster.hosts) {
    const status = host.node!.status()
    demand(
      host.machine.index === leader.machine.index && host.machine.hash === leader.machine.hash,
      'LIV-R2 proposals end',
      () => `${host.nodeId} is at ${host.machine.index} of ${leader.machine.index}${show()}`,
    )
    const isSame =
      status.configuration.voters.length === configuration.voters.length &&
      configuration.voters.every(voter =>
        status.configuration.voters.some(other => sameVoter(voter, other)),
      )
    demand(isSame, 'LIV-R3 configurations settle', () => `${host.nodeId}${show()}`)
    demand(
      sameVoter(status.leader, leader.id),
      'LIV-R1 one leader',
      () => `${host.nodeId} follows another${show()}`,
    )
  }
}
