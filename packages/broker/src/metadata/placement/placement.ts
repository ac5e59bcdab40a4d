// Which brokers hold the replicas of new partitions. Zones first, then brokers.

import type { Random } from '@klamm/base'

export interface PlacementBroker {
  readonly id: number
  readonly zone: string | undefined
  /** Fenced brokers get replicas only when there are not enough others, and never the first one. */
  readonly fenced: boolean
}

export interface PlacementRequest {
  readonly brokers: readonly PlacementBroker[]
  readonly partitionCount: number
  readonly replicationFactor: number
}

/** Replica lists, one per partition, the preferred leader first; or why there are none. */
export type Placement =
  | { readonly kind: 'placed'; readonly replicas: readonly (readonly number[])[] }
  | { readonly kind: 'impossible'; readonly reason: string }

export function placeReplicas(_request: PlacementRequest, _random: Random): Placement {
  throw new Error('not implemented')
}
