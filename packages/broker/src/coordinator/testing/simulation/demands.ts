// What must be true of a simulation at its end, when nothing goes wrong any more.

import type { ClassicGroup } from '../../groups/classic/group.ts'
import type { TestShard } from '../test-shard.ts'
import { Violation } from './checkers.ts'
import type { Client } from './client.ts'

/** GRP-6: with nobody coming or going the group is stable, and its members own everything. */
export function demandStable(
  clients: readonly Client[],
  group: ClassicGroup | undefined,
  partitionCount: number,
  when: string,
): void {
  const running = clients.filter(({ isRunning }) => isRunning)
  const memberIds = new Set(running.map(({ memberId }) => memberId))
  const members = new Set(group?.members.keys())
  const owned = running.flatMap(client => [...client.owned])
  const isComplete = owned.length === partitionCount && new Set(owned).size === partitionCount
  const isSame = members.symmetricDifference(memberIds).size === 0
  if (group?.state === 'stable' && isSame && isComplete) return
  const what = `${group?.state} with ${[...members]}, running are ${[...memberIds]}, owned ${owned}`
  throw new Violation('GRP-6', `${group?.groupId} is ${what} ${when}`)
}

/** Loading the log gives what serving it has made. */
export function demandSameAfterLoading(
  shard: TestShard,
  groupId: string,
  partitionCount: number,
): void {
  const loaded = shard.failOver()
  const [a, b] = [shard, loaded].map(({ groups }) => {
    return textOf(groups.groups.get(groupId)?.toRecord())
  })
  if (a !== b) throw new Violation('GRP-3', `${groupId} is ${a} and is loaded as ${b}`)
  for (let partition = 0; partition < partitionCount; partition++) {
    const [before, after] = [shard, loaded].map(each => {
      return each.committedOffsetOf(groupId, 't', partition)
    })
    if (before === after) continue
    throw new Violation('GRP-3', `${groupId} ${partition}: ${before} is loaded as ${after}`)
  }
}

function textOf(record: object | undefined): string {
  return JSON.stringify(record, (key, value) => (key === 'stateWallMs' ? undefined : value))
}
