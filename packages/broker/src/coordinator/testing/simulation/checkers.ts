// The rules of consumer groups (GRP-1 to GRP-7) as programs that watch a simulation: each is told
// what happens and throws Violation when its rule is broken.

import type { ClassicGroup } from '../../groups/classic/group.ts'
import type { OffsetCommitRequest } from '../../groups/types.ts'
import { partitionsOf } from './assignment.ts'
import type { Client } from './client.ts'

export type Rule = 'GRP-1' | 'GRP-2' | 'GRP-3' | 'GRP-4' | 'GRP-5' | 'GRP-6' | 'GRP-7'

export class Violation extends Error {
  override readonly name = 'Violation'
  readonly rule: Rule

  constructor(rule: Rule, message: string) {
    super(`${rule}: ${message}`)
    this.rule = rule
  }
}

function demand(condition: boolean, rule: Rule, message: () => string): void {
  if (!condition) throw new Violation(rule, message())
}

/** GRP-1: in one generation each partition is assigned to at most one member. */
export class AssignmentChecker {
  /** group → generation → owner → what it was told to own. */
  readonly #told = new Map<string, Map<number, Map<string, readonly number[]>>>()

  /** The group was forgotten; one of the same name begins with generation 1 again. */
  forgotten(groupId: string): void {
    this.#told.delete(groupId)
  }

  /** A member was told its assignment. `owner` is its instance id, or else its member id. */
  assigned(groupId: string, generationId: number, owner: string, bytes: Uint8Array): void {
    const key = `${groupId} generation ${generationId}`
    const generations = this.#told.get(groupId) ?? new Map<number, Map<string, readonly number[]>>()
    this.#told.set(groupId, generations)
    const owners = generations.get(generationId) ?? new Map<string, readonly number[]>()
    generations.set(generationId, owners)
    const partitions = partitionsOf(bytes)
    const before = owners.get(owner) ?? partitions
    demand(`${before}` === `${partitions}`, 'GRP-1', () => {
      return `${key}: ${owner} was told ${before} and then ${partitions}`
    })
    owners.set(owner, partitions)
    for (const [other, theirs] of owners) {
      if (other === owner) continue
      const common = partitions.filter(partition => theirs.includes(partition))
      demand(common.length === 0, 'GRP-1', () => `${key}: ${owner} and ${other} share ${common}`)
    }
  }

  /** Of a stable group the assignments are disjoint, and complete unless some are being moved. */
  stable(group: ClassicGroup, partitionCount: number, isComplete: boolean): void {
    const all: number[] = []
    for (const { assignment } of group.members.values()) all.push(...partitionsOf(assignment))
    const distinct = new Set(all)
    demand(distinct.size === all.length, 'GRP-1', () => `${group.groupId} assigns ${all}`)
    demand(!isComplete || distinct.size === partitionCount, 'GRP-1', () => {
      return `${group.groupId} is stable and assigns only ${all}`
    })
  }
}

/** GRP-2: no two current members hold a partition at once. */
export class OwnershipChecker {
  /** `client` has just taken `partitions`; `group` is as its coordinator sees it. */
  taken(client: Client, clients: readonly Client[], group: ClassicGroup | undefined): void {
    if (group?.member(client.memberId) === undefined) return
    for (const other of clients) {
      const isMember = other.isRunning && group.member(other.memberId) !== undefined
      // A static member that missed the rebalance keeps its place, but it is fenced by generation.
      const isFenced =
        other.options.groupInstanceId !== undefined && other.generationId !== group.generationId
      if (other === client || !isMember || isFenced) continue
      const common = [...client.owned].filter(partition => other.owned.has(partition))
      demand(common.length === 0, 'GRP-2', () => {
        const [a, b] = [client, other].map(each => `${each.name} (${each.generationId})`)
        return `${a} takes ${common} that ${b} still holds`
      })
    }
  }
}

/** GRP-4: whoever is not a member of the generation commits nothing. */
export class ZombieChecker {
  /** The commit was accepted while the group was so. */
  accepted(request: OffsetCommitRequest, group: ClassicGroup | undefined): void {
    const { memberId, generationId, groupInstanceId } = request
    const isEmpty = group === undefined || group.state === 'empty'
    if (generationId < 0 && isEmpty) return
    const who = `${groupInstanceId ?? memberId} of generation ${generationId}`
    const isMember = group?.member(memberId) !== undefined
    demand(isMember, 'GRP-4', () => `${who} commits and is no member`)
    demand(generationId === group?.generationId, 'GRP-4', () => {
      return `${who} commits in generation ${group?.generationId}`
    })
    const owner = group?.staticMemberId(groupInstanceId ?? '')
    demand(groupInstanceId === undefined || owner === memberId, 'GRP-4', () => {
      return `${who} commits and is fenced by ${owner}`
    })
  }
}

/**
 * GRP-3, GRP-5 and GRP-7: a committed offset is the last acknowledged one or a later one whose
 * outcome is not known, never goes back, and is not forgotten while the group is in use.
 */
export class OffsetChecker {
  readonly #retentionMs: number
  /** group and partition → what is known. Commits are told apart by their offsets. */
  readonly #known = new Map<string, { floor: number; acked: number; possible: Set<number> }>()
  /** group → when it was last seen with members. */
  readonly #inUseMs = new Map<string, number>()

  constructor(retentionMs: number) {
    this.#retentionMs = retentionMs
  }

  inUse(groupId: string, nowMs: number): void {
    this.#inUseMs.set(groupId, nowMs)
  }

  /** A commit of `offset`, higher than any before, reaches the coordinator. */
  attempted(groupId: string, partition: number, offset: number): void {
    this.#of(groupId, partition).possible.add(offset)
  }

  rejected(groupId: string, partition: number, offset: number): void {
    this.#of(groupId, partition).possible.delete(offset)
  }

  acknowledged(groupId: string, partition: number, offset: number): void {
    const known = this.#of(groupId, partition)
    known.acked = Math.max(known.acked, offset)
    this.#raise(known, offset)
  }

  /** A fetch was answered, `offset` -1 for nothing. */
  fetched(groupId: string, partition: number, offset: number, nowMs: number): void {
    const known = this.#of(groupId, partition)
    const where = `${groupId} partition ${partition}`
    if (offset === -1) {
      if (known.floor === 0) return
      const idleMs = nowMs - (this.#inUseMs.get(groupId) ?? Number.NEGATIVE_INFINITY)
      demand(idleMs >= this.#retentionMs, idleMs === 0 ? 'GRP-5' : 'GRP-3', () => {
        return `${where} was at ${known.floor} and is gone ${idleMs} ms after the last member`
      })
      // It has expired, and with it all that was tried before.
      this.#known.delete(`${groupId} ${partition}`)
      return
    }
    const rule = offset < known.acked ? 'GRP-7' : 'GRP-3'
    demand(offset >= known.floor, rule, () => `${where} went back from ${known.floor} to ${offset}`)
    const isKnown = offset === known.floor || known.possible.has(offset)
    demand(isKnown, 'GRP-3', () => `${where} is at ${offset}, which nobody committed`)
    this.#raise(known, offset)
  }

  #of(groupId: string, partition: number) {
    const key = `${groupId} ${partition}`
    const known = this.#known.get(key) ?? { floor: 0, acked: 0, possible: new Set<number>() }
    this.#known.set(key, known)
    return known
  }

  #raise(known: { floor: number; possible: Set<number> }, offset: number): void {
    known.floor = Math.max(known.floor, offset)
    for (const other of known.possible) if (other <= known.floor) known.possible.delete(other)
  }
}
