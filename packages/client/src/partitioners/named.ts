// Partitioners by name.

import type { Random } from '@klamm/base'
import { KeyedPartitioner } from './keyed.ts'
import { legacyMurmur2, murmur2 } from './murmur2.ts'
import type { Partitioner } from './partitioner.ts'
import { RoundRobinPartitioner } from './round-robin.ts'
import { StickyPartitioner } from './sticky.ts'

export type PartitionerName = 'murmur2' | 'sticky' | 'roundRobin' | 'kafkajsLegacy'

/** `runBytes` is how much without a key goes to one partition in a row. */
export function partitionerNamed(
  name: PartitionerName,
  runBytes: number,
  random: Random,
): Partitioner | undefined {
  const sticky = new StickyPartitioner(runBytes, random)
  const byName: Readonly<Record<string, Partitioner>> = {
    murmur2: new KeyedPartitioner(murmur2, sticky),
    sticky,
    roundRobin: new RoundRobinPartitioner(random),
    kafkajsLegacy: new KeyedPartitioner(legacyMurmur2, new RoundRobinPartitioner(random)),
  }
  return Object.hasOwn(byName, name) ? byName[name] : undefined
}
