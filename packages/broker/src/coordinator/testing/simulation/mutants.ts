// Mistakes that somebody could make, each around groups that make none, and the rule that each of
// them breaks. A checker that does not notice its mutant proves nothing.

import { type GroupChange, type GroupOutcome, nothing } from '../../groups/effects.ts'
import type { Groups } from '../../groups/groups.ts'
import type { GroupOperation } from '../../groups/operation.ts'
import type { GroupRecord } from '../../groups/records.ts'
import type { JoinReply } from '../../groups/types.ts'
import type { Answer, Instant } from '../../shard/outcome.ts'
import type { GroupMachine } from '../test-shard.ts'
import { claim } from './assignment.ts'
import type { Rule } from './checkers.ts'
import type { SimulationOptions } from './simulation.ts'

export interface Mutant {
  readonly name: string
  /** The rule, or `assertion` when the groups themselves notice. */
  readonly rule: Rule | 'assertion'
  readonly options: Omit<SimulationOptions, 'seed'>
}

type Decide = (operation: GroupOperation, at: Instant) => GroupOutcome

/** Groups whose decisions go through `mutate`. */
function deciding(mutate: (groups: Groups, decide: Decide) => Decide): Mutant['options'] {
  return {
    wrap: groups => ({
      ...machineOf(groups),
      decide: mutate(groups, (operation, at) => groups.decide(operation, at)),
    }),
  }
}

function machineOf(groups: Groups): GroupMachine {
  return {
    decide: (operation, at) => groups.decide(operation, at),
    replay: record => groups.replay(record),
    committed: (record, at) => groups.committed(record, at),
    apply: change => groups.apply(change),
    loaded: at => groups.loaded(at),
  }
}

function withAnswers(outcome: GroupOutcome, change: (answer: Answer) => Answer): GroupOutcome {
  return { ...outcome, answers: outcome.answers.map(change) }
}

export const mutants: readonly Mutant[] = [
  {
    name: 'assignments leave before they are committed',
    rule: 'GRP-1',
    options: { answersEarly: true },
  },
  {
    name: 'every member gets the first member’s assignment',
    rule: 'GRP-1',
    options: {
      wrap: groups => ({
        ...machineOf(groups),
        committed(record: GroupRecord, at: Instant) {
          if (record.kind !== 'groupMetadata') return groups.committed(record, at)
          const assignment = record.members[0]?.assignment ?? new Uint8Array(0)
          const members = record.members.map(member => ({ ...member, assignment }))
          return groups.committed({ ...record, members }, at)
        },
      }),
    },
  },
  {
    name: 'the leader is not told what the others still own',
    rule: 'GRP-2',
    options: deciding((_groups, decide) => (operation, at) => {
      return withAnswers(decide(operation, at), answer => {
        const reply = answer.reply as Partial<JoinReply> | undefined
        if (answer.error !== undefined || !Array.isArray(reply?.members)) return answer
        const members = reply.members.map(member => ({ ...member, metadata: claim(0, []) }))
        return { ...answer, reply: { ...reply, members } }
      })
    }),
  },
  {
    name: 'the coordinator serves before its load has finished',
    rule: 'GRP-7',
    options: { loadsPartly: true },
  },
  {
    name: 'commits are acknowledged before they are committed',
    rule: 'GRP-7',
    options: { answersEarly: true },
  },
  {
    name: 'a fetch is answered with commits that may yet be lost',
    rule: 'GRP-3',
    options: deciding((_groups, decide) => (operation, at) => {
      if (operation.kind !== 'fetchOffsets') return decide(operation, at)
      const request = { ...operation.request, requireStable: true }
      return { ...decide({ ...operation, request }, at), waitsForAppended: false }
    }),
  },
  {
    name: 'a commit is taken from whoever sends it',
    rule: 'GRP-4',
    options: deciding((groups, decide) => (operation, at) => {
      if (operation.kind !== 'commitOffsets') return decide(operation, at)
      const group = groups.groups.get(operation.request.groupId)
      const memberId = group?.members.keys().next().value
      if (group?.state !== 'stable' || memberId === undefined) return decide(operation, at)
      const { generationId } = group
      const groupInstanceId = group.member(memberId)?.groupInstanceId
      const request = { ...operation.request, memberId, generationId, groupInstanceId }
      return decide({ ...operation, request }, at)
    }),
  },
  {
    name: 'the generation of a commit does not matter',
    rule: 'GRP-4',
    options: deciding((groups, decide) => (operation, at) => {
      if (operation.kind !== 'commitOffsets') return decide(operation, at)
      const group = groups.groups.get(operation.request.groupId)
      const generationId = group?.generationId ?? operation.request.generationId
      return decide({ ...operation, request: { ...operation.request, generationId } }, at)
    }),
  },
  {
    name: 'offsets expire by their age, whether or not the group is in use',
    rule: 'GRP-5',
    options: deciding((groups, decide) => (operation, at) => {
      const outcome = decide(operation, at)
      if (operation.kind !== 'expireOffsets') return outcome
      const records: GroupRecord[] = []
      for (const groupId of groups.offsets.groupIds()) {
        groups.offsets.visit('appended', groupId, (topic, partition, { commitWallMs }) => {
          const isOld = at.wallMs - commitWallMs >= 20_000
          if (isOld) records.push({ kind: 'offsetTombstone', groupId, topic, partition })
          return true
        })
      }
      return { ...outcome, records, changes: [] }
    }),
  },
  {
    name: 'nobody notices that a member is silent',
    rule: 'GRP-6',
    options: deciding((_groups, decide) => (operation, at) => {
      return operation.kind === 'sessionExpired' ? nothing : decide(operation, at)
    }),
  },
  {
    name: 'a rebalance that somebody misses never ends',
    rule: 'GRP-6',
    options: deciding((_groups, decide) => (operation, at) => {
      return operation.kind === 'joinExpired' || operation.kind === 'sessionExpired'
        ? nothing
        : decide(operation, at)
    }),
  },
  {
    name: 'an operation that could not be logged has happened all the same',
    rule: 'assertion',
    options: {
      wrap: groups => {
        const early = (changes: readonly GroupChange[]) => {
          for (const change of changes) groups.apply(change)
        }
        return {
          ...machineOf(groups),
          decide(operation: GroupOperation, at: Instant) {
            const outcome = groups.decide(operation, at)
            if (operation.kind === 'sync') early(outcome.changes)
            return outcome
          },
        }
      },
    },
  },
]
