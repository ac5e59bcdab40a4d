// What a simulated broker is made of. A mutant replaces one of these by something that has a known
// bug; the simulation must then find a broken invariant.

import { EpochCache } from '../epoch-cache.ts'
import type { IsrProposal } from '../isr-state.ts'
import type { LeaderOptions } from '../leader-types.ts'
import { type FollowerOptions, PartitionFollower } from '../partition-follower.ts'
import { PartitionLeader } from '../partition-leader.ts'
import { ProducerStates } from '../producer-state.ts'
import type { ToyLog } from './toy-log.ts'

export interface Parts {
  newLeader(options: LeaderOptions): PartitionLeader
  newFollower(options: FollowerOptions): PartitionFollower
  newEpochs(): EpochCache
  newProducers(): ProducerStates
  /** A broker opens its log; `highWatermark` is the one it had noted some time ago. */
  opened(log: ToyLog, highWatermark: number): void
  /** A leader has handed out a proposal that is about to be sent. */
  proposing(leader: PartitionLeader, proposal: IsrProposal): void
  /** A broker begins to lead with this log. */
  leading(log: ToyLog): void
  /** Whether what was appended counts before it is flushed. */
  readonly isVisibleDurable: boolean
  /** Whether a broker may lead on after a restart, in the epoch that it led before. */
  readonly leadsAgain: boolean
  readonly controllerChecksBrokerEpochs: boolean
}

/** As the real drivers use the machines. */
export const honest: Parts = {
  newLeader: options => new PartitionLeader(options),
  newFollower: options => new PartitionFollower(options),
  newEpochs: () => new EpochCache(),
  newProducers: () => new ProducerStates({ producerIdExpirationMs: Number.MAX_SAFE_INTEGER }),
  opened: () => {},
  proposing: () => {},
  leading: () => {},
  isVisibleDurable: false,
  leadsAgain: false,
  controllerChecksBrokerEpochs: true,
}
