// Every state of a partition with three replicas, against every change there is: what an election
// may and may not do, whatever led up to it.

import { expect, test } from 'vitest'
import { describePartition } from '../image/describe.ts'
import { type PartitionImage, partitionAfter } from '../image/partition.ts'
import { noLeader } from '../records/records.ts'
import { changePartition, type Election, partitionTowards } from './partition-change.ts'

const replicas = [1, 2, 3]
const elections: readonly Election[] = ['online', 'preferred', 'unclean']

/** All subsets of the replicas, in order. */
const subsets = Array.from({ length: 8 }, (_, bits) => replicas.filter((_, i) => (bits >> i) & 1))

interface Case {
  readonly before: PartitionImage
  readonly isr: readonly number[]
  readonly lost: number | undefined
  readonly active: readonly number[]
  readonly election: Election
  readonly minInsyncReplicas: number
  readonly after: PartitionImage
}

function* states(): Generator<PartitionImage> {
  for (const isr of subsets) {
    for (const elr of subsets) {
      if (elr.some(id => isr.includes(id))) continue
      for (const leader of isr.length === 0 ? [noLeader] : isr) {
        for (const lastKnownElr of leader === noLeader ? [[], [1], [3]] : [[]]) {
          yield {
            replicas,
            isr,
            elr,
            lastKnownElr,
            addingReplicas: [],
            removingReplicas: [],
            leader,
            leaderRecoveryState: 'recovered',
            leaderEpoch: 7,
            partitionEpoch: 9,
          }
        }
      }
    }
  }
}

function* cases(): Generator<Case> {
  for (const before of states()) {
    for (const active of subsets) {
      for (const lost of [undefined, ...replicas.filter(id => !active.includes(id))]) {
        for (const election of elections) {
          for (const minInsyncReplicas of [1, 2, 3]) {
            const isr = before.isr.filter(id => active.includes(id))
            const target = { isr, ...(lost === undefined ? {} : { lost }) }
            const config = { minInsyncReplicas, uncleanLeaderElection: false }
            const context = { election, config, mayLead: (id: number) => active.includes(id) }
            const after = partitionTowards(before, target, context)
            yield { before, isr, lost, active, election, minInsyncReplicas, after }
          }
        }
      }
    }
  }
}

/** Runs `check` on every case; it returns what is wrong. */
function checkAll(check: (checked: Case) => string | undefined): number {
  let count = 0
  for (const checked of cases()) {
    count += 1
    const problem = check(checked)
    if (problem === undefined) continue
    const { before, after, ...rest } = checked
    const shown = { before: describePartition(before), after: describePartition(after), ...rest }
    expect.fail(`${problem}: ${JSON.stringify(shown)}`)
  }
  return count
}

const hadAll = ({ before, lost }: Case) => [...before.isr, ...before.elr].filter(id => id !== lost)

test('a leader is active and in the ISR, and without one the ISR is empty', () => {
  const count = checkAll(({ after, active }) => {
    if (after.leader === noLeader) return after.isr.length === 0 ? undefined : 'ISR, no leader'
    if (!active.includes(after.leader)) return 'an absent leader'
    return after.isr.includes(after.leader) ? undefined : 'the leader is not in the ISR'
  })
  expect(count).toBeGreaterThan(9_000)
})

test('only an unclean election picks a leader that may lack records, and says so', () => {
  checkAll(checked => {
    const { after, election, before } = checked
    if (after.leader === noLeader) return undefined
    const isClean = hadAll(checked).includes(after.leader)
    if (isClean !== (after.leaderRecoveryState === 'recovered')) return 'wrongly (not) recovering'
    if (isClean || election === 'unclean') return undefined
    return before.lastKnownElr.includes(after.leader) ? undefined : 'an unclean leader'
  })
})

test('a partition has no leader only if nobody who has everything is there', () => {
  checkAll(checked => {
    const { after, active, isr, before, election } = checked
    if (after.leader !== noLeader) return undefined
    if (election === 'unclean' && active.length > 0) return 'nobody was elected'
    // While the ISR has members, only they are asked.
    const asked = isr.length > 0 ? isr : hadAll(checked).filter(id => !before.isr.includes(id))
    return asked.some(id => active.includes(id)) ? 'somebody could lead' : undefined
  })
})

test('ISR and ELR are made of those who had everything, and a lost replica is in neither', () => {
  checkAll(checked => {
    const { after, lost } = checked
    const isClean = after.leaderRecoveryState === 'recovered'
    const members = isClean ? [...after.isr, ...after.elr] : after.elr
    if (!members.every(id => hadAll(checked).includes(id))) return 'an outsider'
    return lost !== undefined && members.includes(lost) ? 'the lost one' : undefined
  })
})

test('beside an ISR that may commit there is no ELR, and below that nobody eligible is dropped', () => {
  checkAll(checked => {
    const { after, minInsyncReplicas } = checked
    if (after.isr.length >= minInsyncReplicas) return after.elr.length === 0 ? undefined : 'an ELR'
    if (after.leaderRecoveryState === 'recovering') return undefined
    const kept = new Set([...after.isr, ...after.elr])
    return hadAll(checked).every(id => kept.has(id)) ? undefined : 'an eligible one was dropped'
  })
})

test('a leader that can stay stays, unless the preferred one is asked for', () => {
  checkAll(({ before, isr, lost, election, after }) => {
    const canStay = isr.includes(before.leader) && before.leader !== lost
    if (!canStay || election === 'preferred') return undefined
    return after.leader === before.leader ? undefined : 'needless change'
  })
  checkAll(({ isr, election, after }) => {
    if (election !== 'preferred' || !isr.includes(1)) return undefined
    return after.leader === 1 ? undefined : 'not the preferred leader'
  })
})

test('replaying the record of a change gives the state that was decided', () => {
  for (const checked of cases()) {
    const { before, isr, lost, active, election, minInsyncReplicas, after } = checked
    const target = { isr, ...(lost === undefined ? {} : { lost }) }
    const config = { minInsyncReplicas, uncleanLeaderElection: false }
    const context = { election, config, mayLead: (id: number) => active.includes(id) }
    const record = changePartition('id', 0, before, target, context)
    const epochs = record?.leader === undefined ? 0 : 1
    const expected = {
      ...after,
      leaderEpoch: before.leaderEpoch + epochs,
      partitionEpoch: before.partitionEpoch + (record === undefined ? 0 : 1),
    }
    const replayed = record === undefined ? before : partitionAfter(before, record)
    if (describePartition(replayed) !== describePartition(expected)) {
      expect(replayed).toEqual(expected)
    }
    if (after.leader !== before.leader && epochs !== 1) expect.fail('same leader epoch')
  }
})
