// What each assignor hands out, and what all of them promise whoever is in the group.

import type { Random } from '@klamm/base'
import { seededTest } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import type { Assignor, GroupAssignment, GroupMember } from './assignor.ts'
import {
  listOf,
  noPartitions,
  type Partitions,
  partitionsOf,
  partitionsText,
} from './partitions.ts'
import { range } from './range.ts'
import { assignorNamed, isCooperative } from './registry.ts'
import { kafkaJsRoundRobin, roundRobin } from './round-robin.ts'
import { cooperativeSticky, sticky } from './sticky.ts'
import { decodeStickyUserData, encodeGeneration, encodeStickyUserData } from './sticky-user-data.ts'

function member(memberId: string, options: Partial<GroupMember> = {}): GroupMember {
  return {
    memberId,
    groupInstanceId: undefined,
    topics: ['t'],
    owned: noPartitions,
    generationId: -1,
    rackId: undefined,
    userData: undefined,
    ...options,
  }
}

/** `own('t-0 t-2')`. */
function own(text: string): Partitions {
  return partitionsOf(
    text.split(' ').map(item => {
      const [topic = '', partition] = item.split('-')
      return { topic, partition: Number(partition) }
    }),
  )
}

function assign(
  assignor: Assignor,
  members: readonly GroupMember[],
  counts: Record<string, number>,
): Record<string, string> {
  return texts(assignor.assign({ members, partitionCounts: new Map(Object.entries(counts)) }))
}

function texts(assignment: GroupAssignment): Record<string, string> {
  return Object.fromEntries([...assignment].map(([id, all]) => [id, partitionsText(all)]))
}

test('range gives each member a run of neighbours, topic by topic', () => {
  const members = [member('b', { topics: ['t', 'u'] }), member('a', { topics: ['t', 'u'] })]
  expect(assign(range, members, { t: 3, u: 3 })).toEqual({
    a: 't-0 t-1 u-0 u-1',
    b: 't-2 u-2',
  })
})

test('range leaves members without partitions when there are too few', () => {
  const members = [member('a'), member('b'), member('c')]
  expect(assign(range, members, { t: 2 })).toEqual({ a: 't-0', b: 't-1', c: 'none' })
})

test('static members come first, by their instance', () => {
  const members = [
    member('a'),
    member('z', { groupInstanceId: '2' }),
    member('y', { groupInstanceId: '1' }),
  ]
  expect(assign(range, members, { t: 3 })).toEqual({ y: 't-0', z: 't-1', a: 't-2' })
})

test('round robin deals across topics and passes over those who do not subscribe', () => {
  const members = [member('a', { topics: ['t', 'u'] }), member('b', { topics: ['u'] })]
  expect(assign(roundRobin, members, { t: 2, u: 3 })).toEqual({
    a: 't-0 t-1 u-1',
    b: 'u-0 u-2',
  })
  expect(assign(kafkaJsRoundRobin, [member('b'), member('a')], { t: 3 })).toEqual({
    a: 't-0 t-2',
    b: 't-1',
  })
})

test('topics that do not exist and members without any get nothing', () => {
  for (const assignor of [range, roundRobin, sticky, cooperativeSticky]) {
    const members = [member('a', { topics: ['gone', 't'] }), member('b', { topics: ['gone'] })]
    expect(assign(assignor, members, { t: 1 })).toEqual({ a: 't-0', b: 'none' })
  }
})

test('sticky moves no more than evenness needs', () => {
  const userData = encodeStickyUserData(own('t-0 t-1 t-2 t-3'), 4)
  expect(assign(sticky, [member('a', { userData }), member('b')], { t: 4 })).toEqual({
    a: 't-0 t-1',
    b: 't-2 t-3',
  })
})

test('sticky believes the later generation, and nobody when two claim it in the same', () => {
  const old = encodeStickyUserData(own('t-0 t-1'), 3)
  const recent = encodeStickyUserData(own('t-0'), 4)
  expect(
    assign(sticky, [member('a', { userData: old }), member('b', { userData: recent })], { t: 2 }),
  ).toEqual({ a: 't-1', b: 't-0' })
  const same = encodeStickyUserData(own('t-1'), 4)
  const members = [member('a', { userData: same }), member('b', { userData: same })]
  expect(assign(sticky, members, { t: 2 })).toEqual({ a: 't-0', b: 't-1' })
})

test('user data of another program is as if it were not there', () => {
  for (const userData of [new Uint8Array(0), new Uint8Array([1, 2]), new Uint8Array(9).fill(255)]) {
    const result = assign(sticky, [member('a', { userData }), member('b')], { t: 2 })
    expect(result).toEqual({ a: 't-0', b: 't-1' })
    expect(assign(cooperativeSticky, [member('a', { userData }), member('b')], { t: 2 })).toEqual(
      result,
    )
  }
})

test('the user data of sticky has the bytes of the Java client', () => {
  const bytes = encodeStickyUserData(own('ab-1 ab-7'), 5)
  const hex = '00000001' + '0002' + '6162' + '00000002' + '00000001' + '00000007' + '00000005'
  expect(Buffer.from(bytes).toString('hex')).toBe(hex)
  expect(decodeStickyUserData(bytes)).toEqual({ owned: own('ab-1 ab-7'), generationId: 5 })
  // Before v1 the generation is not there.
  expect(decodeStickyUserData(bytes.subarray(0, -4))?.generationId).toBe(-1)
  expect(Buffer.from(encodeGeneration(5)).toString('hex')).toBe('00000005')
})

test('a cooperative partition that changes hands is nobody’s until its owner gave it up', () => {
  const a = member('a', { owned: own('t-0 t-1 t-2 t-3'), generationId: 1 })
  expect(assign(cooperativeSticky, [a, member('b')], { t: 4 })).toEqual({
    a: 't-0 t-1',
    b: 'none',
  })
  const given = member('a', { owned: own('t-0 t-1'), generationId: 2 })
  expect(assign(cooperativeSticky, [given, member('b', { generationId: 2 })], { t: 4 })).toEqual({
    a: 't-0 t-1',
    b: 't-2 t-3',
  })
})

test('a member before subscription v2 tells its generation in user data', () => {
  const a = member('a', { owned: own('t-0 t-1'), userData: encodeGeneration(7) })
  const b = member('b', { owned: own('t-0'), generationId: 6 })
  expect(assign(cooperativeSticky, [a, b], { t: 3 })).toEqual({ a: 't-0 t-1', b: 't-2' })
})

test('a partition that a stale member still claims is withheld from all but its true owner', () => {
  const stale = member('a', { owned: own('t-0'), generationId: 3 })
  const owner = member('b', { owned: own('t-0 t-1'), generationId: 4 })
  expect(assign(cooperativeSticky, [stale, owner], { t: 2 })).toEqual({ a: 'none', b: 't-0' })
})

test('a list with an eager assignor is eager, whatever else is in it', () => {
  expect(isCooperative([cooperativeSticky])).toBe(true)
  expect(isCooperative([cooperativeSticky, range])).toBe(false)
  expect(assignorNamed('sticky')).toBe(sticky)
  expect(assignorNamed('toString')).toBeUndefined()
})

interface Group {
  readonly members: readonly GroupMember[]
  readonly partitionCounts: ReadonlyMap<string, number>
}

function randomGroup(random: Random, isUniform: boolean): Group {
  const topics = ['t', 'u', 'v'].slice(0, 1 + random.below(3))
  const partitionCounts = new Map(topics.map(topic => [topic, random.below(9)]))
  const members = Array.from({ length: 1 + random.below(5) }, (_, index) => {
    const subscribed = isUniform ? topics : topics.filter(() => random.chance(0.7))
    return member(`m${index}`, { topics: subscribed })
  })
  return { members, partitionCounts }
}

/** Somebody joins, leaves, or topics grow; everybody else keeps what it was given. */
function changed(random: Random, group: Group, assignment: GroupAssignment): Group {
  const generationId = 1 + Math.max(...group.members.map(each => each.generationId))
  const kept = group.members.filter(() => random.chance(0.8))
  const members = kept.map(each => {
    const owned = assignment.get(each.memberId) ?? noPartitions
    return { ...each, owned, generationId, userData: encodeStickyUserData(owned, generationId) }
  })
  if (members.length === 0 || random.chance(0.5)) {
    const topics = group.members[0]?.topics ?? ['t']
    members.push(member(`n${random.below(1_000)}`, { topics }) as (typeof members)[0])
  }
  const partitionCounts = new Map(
    [...group.partitionCounts].map(([topic, count]) => [topic, count + random.below(2)]),
  )
  return { members, partitionCounts }
}

/** Everything that can be assigned is, once, to somebody who subscribes. Returns the counts. */
function checkComplete(group: Group, assignment: GroupAssignment): number[] {
  const owners = new Map<string, string>()
  for (const [memberId, partitions] of assignment) {
    const topics = group.members.find(each => each.memberId === memberId)?.topics ?? []
    for (const { topic, partition } of listOf(partitions)) {
      expect(topics).toContain(topic)
      expect(owners.get(`${topic}-${partition}`)).toBeUndefined()
      owners.set(`${topic}-${partition}`, memberId)
    }
  }
  const subscribed = new Set(group.members.flatMap(({ topics }) => topics))
  for (const [topic, count] of group.partitionCounts) {
    const expected = subscribed.has(topic) ? count : 0
    expect([...owners.keys()].filter(name => name.startsWith(`${topic}-`)).length).toBe(expected)
  }
  return [...assignment.values()].map(partitions => listOf(partitions).length)
}

for (const assignor of [range, roundRobin, sticky]) {
  seededTest(`${assignor.name} gives every partition to one subscriber`, 60, random => {
    const group = randomGroup(random, random.chance(0.5))
    const first = assignor.assign(group)
    checkComplete(group, first)
    const next = changed(random, group, first)
    checkComplete(next, assignor.assign(next))
  })
}

seededTest('sticky is even, and nothing moves when nothing changed', 60, random => {
  const group = randomGroup(random, true)
  const first = sticky.assign(group)
  const counts = checkComplete(group, first)
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
  const next = changed(random, group, first)
  const second = sticky.assign(next)
  const later = checkComplete(next, second)
  expect(Math.max(...later) - Math.min(...later)).toBeLessThanOrEqual(1)
  const same = next.members.map(each => {
    return { ...each, userData: encodeStickyUserData(second.get(each.memberId)!, 9) }
  })
  expect(texts(sticky.assign({ ...next, members: same }))).toEqual(texts(second))
})

seededTest(
  'cooperative rounds never share a partition and end with all of it owned',
  60,
  random => {
    let group = randomGroup(random, random.chance(0.5))
    let assignment = cooperativeSticky.assign(group)
    checkComplete(group, assignment)
    for (let change = 0; change < 4; change++) {
      group = changed(random, group, assignment)
      for (let round = 0; ; round++) {
        expect(round).toBeLessThan(3)
        const given = cooperativeSticky.assign(group)
        const isDone = group.members.every(({ memberId, owned }) => {
          const kept = listOf(given.get(memberId)!)
          for (const other of group.members) {
            if (other.memberId === memberId) continue
            for (const { topic, partition } of kept) {
              expect(other.owned.get(topic)?.includes(partition) ?? false).toBe(false)
            }
          }
          return listOf(owned).every(p => given.get(memberId)!.get(p.topic)?.includes(p.partition))
        })
        assignment = given
        if (isDone) break
        const members = group.members.map(each => {
          return { ...each, owned: given.get(each.memberId)!, generationId: each.generationId + 1 }
        })
        group = { ...group, members }
      }
      checkComplete(group, assignment)
    }
  },
)
