// From a seed to a way of using and hurting the cluster: each seed leaves some faults out and gives
// the others weights of their own, so that rare combinations happen often enough over many seeds.

import type { Random } from '@klamm/base'

export interface SwarmOptions {
  readonly partitionCount: number
  readonly producerCount: number
  readonly meanPauseMs: number
  readonly maxRecordsPerBatch: number
  readonly maxInFlight: number
  readonly consumerCount: number
  /** Whether a topic is created, used and deleted, again and again. */
  readonly hasTopicChurn: boolean
  /** Mean time between two faults, in ms. */
  readonly meanFaultMs: number
  /** The longest a partition, a freeze or an absence lasts, in ms. */
  readonly maxFaultMs: number
  readonly weights: { readonly [K in FaultKind]: number }
  /** Of a power cut within a moment after an acknowledgement, of all brokers or of one. */
  readonly cutAfterAckProbability: number
  readonly lossProbability: number
  /** By broker: the mean of what a flush takes beyond its least, in ms. */
  readonly meanExtraFlushMs: readonly number[]
}

export const faultKinds = [
  'killProcess',
  'cutPower',
  'killAll',
  'restart',
  'isolate',
  'blockOneWay',
  'split',
  'clog',
  'cutConnection',
  'freeze',
  'slowDisk',
  'failFlush',
  'skewClock',
] as const

export type FaultKind = (typeof faultKinds)[number]

export function swarmOptions(random: Random, brokerCount: number): SwarmOptions {
  const weight = (): number => (random.chance(0.35) ? 0 : 0.1 + random.float() ** 2 * 5)
  return {
    partitionCount: 1 + random.below(4),
    producerCount: 1 + random.below(3),
    meanPauseMs: 5 + random.below(150),
    maxRecordsPerBatch: 1 + random.below(8),
    maxInFlight: 1 + random.below(5),
    consumerCount: random.below(4),
    hasTopicChurn: random.chance(0.3),
    meanFaultMs: 300 + random.below(5_000),
    maxFaultMs: random.chance(0.5) ? 20_000 : 500 + random.below(5_000),
    weights: {
      killProcess: weight(),
      cutPower: weight(),
      killAll: random.chance(0.5) ? 0 : 0.3,
      restart: weight(),
      isolate: weight(),
      blockOneWay: weight(),
      split: weight(),
      clog: weight(),
      cutConnection: weight(),
      freeze: weight(),
      slowDisk: weight(),
      failFlush: weight() / 3,
      skewClock: weight() / 3,
    },
    cutAfterAckProbability: random.chance(0.6) ? 0 : random.float() ** 2 * 0.005,
    lossProbability: random.chance(0.5) ? 0 : random.float() * 0.1,
    meanExtraFlushMs: Array.from({ length: brokerCount }, () =>
      random.chance(0.5) ? 0.5 : random.float() ** 2 * 40,
    ),
  }
}
