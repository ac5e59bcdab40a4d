import { describe, expect, test } from 'vitest'
import { changedConfiguration, Membership } from './membership.ts'
import { testVoter } from './testing/ids.ts'
import { bootstrapState, type Configuration, type Entry } from './types.ts'

function voters(...nodeIds: number[]): Configuration {
  return { voters: nodeIds.map(nodeId => testVoter(nodeId)) }
}

function change(index: number, configuration: Configuration): Entry {
  return { kind: 'config', term: 1, index, configuration }
}

describe('the configuration in force', () => {
  test('is the last one in the log, from the moment it is appended', () => {
    const membership = new Membership(bootstrapState(voters(1, 2, 3)))
    membership.appended(change(5, voters(1, 2)))
    expect(membership.inForce).toEqual(voters(1, 2))
    expect(membership.index).toBe(5)
    expect(membership.at(4)).toEqual(voters(1, 2, 3))
  })

  test('goes away with its entry', () => {
    const membership = new Membership(bootstrapState(voters(1, 2, 3)))
    membership.appended(change(5, voters(1, 2)))
    membership.truncatedFrom(5)
    expect(membership.inForce).toEqual(voters(1, 2, 3))
  })

  test('survives the compaction of its entry', () => {
    const membership = new Membership(bootstrapState(voters(1, 2, 3)))
    membership.appended(change(5, voters(1, 2)))
    membership.appended(change(9, voters(1)))
    membership.compactedTo(7)
    expect(membership.at(7)).toEqual(voters(1, 2))
    membership.truncatedFrom(8)
    expect(membership.inForce).toEqual(voters(1, 2))
  })

  test('is read from the log after the snapshot when a node starts', () => {
    const state = { ...bootstrapState(voters(1, 2, 3)), entries: [change(1, voters(1, 2))] }
    expect(new Membership(state).inForce).toEqual(voters(1, 2))
  })

  test('is followed by a voter that it removes as long as that is not certain', () => {
    const membership = new Membership(bootstrapState(voters(1, 2, 3)))
    membership.appended(change(5, voters(1, 2)))
    expect(membership.isElectable(testVoter(3), 4)).toBe(true)
    expect(membership.isElectable(testVoter(3), 5)).toBe(false)
    expect(membership.isElectable(testVoter(4), 4)).toBe(false)
  })
})

describe('a change', () => {
  test('adds or removes one voter', () => {
    const added = changedConfiguration(voters(1, 2), { kind: 'addVoter', voter: testVoter(3) })
    expect(added).toEqual(voters(1, 2, 3))
    const removed = changedConfiguration(voters(1, 2), { kind: 'removeVoter', voter: testVoter(1) })
    expect(removed).toEqual(voters(2))
  })

  test('is refused when it changes nothing, or leaves nobody', () => {
    const refusals = [
      changedConfiguration(voters(1, 2), { kind: 'addVoter', voter: testVoter(2) }),
      changedConfiguration(voters(1, 2), { kind: 'addVoter', voter: testVoter(2, 1) }),
      changedConfiguration(voters(1, 2), { kind: 'removeVoter', voter: testVoter(2, 1) }),
      changedConfiguration(voters(1), { kind: 'removeVoter', voter: testVoter(1) }),
    ]
    expect(refusals).toEqual(['alreadyVoter', 'nodeHasVoter', 'notVoter', 'lastVoter'])
  })
})
