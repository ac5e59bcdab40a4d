// The assignors that come with the client, and what a choice of several means together.

import { assert } from '@klamm/base'
import type { Assignor } from './assignor.ts'
import { range } from './range.ts'
import { kafkaJsRoundRobin, roundRobin } from './round-robin.ts'
import { cooperativeSticky, sticky } from './sticky.ts'

export type AssignorName =
  | 'range'
  | 'roundrobin'
  | 'sticky'
  | 'cooperative-sticky'
  | 'RoundRobinAssigner'

const builtIn: ReadonlyMap<string, Assignor> = new Map(
  [range, roundRobin, sticky, cooperativeSticky, kafkaJsRoundRobin].map(each => [each.name, each]),
)

/** Undefined for a name that nobody knows. */
export function assignorNamed(name: string): Assignor | undefined {
  return builtIn.get(name)
}

/**
 * Whether a member with these assignors keeps its partitions while it joins again: only when
 * whichever of them the group agrees on knows how to wait for that (KIP-429). With an eager one in
 * the list everything is given up before each join; such a list is the first of two steps from an
 * eager assignor to a cooperative one, or back.
 */
export function isCooperative(assignors: readonly Assignor[]): boolean {
  assert(assignors.length > 0, 'a member has an assignor')
  return assignors.every(assignor => assignor.isCooperative)
}
