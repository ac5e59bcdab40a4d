import { expect, test } from 'vitest'
import { TestCluster } from '../testing/test-cluster.ts'

function cluster(brokerIds: readonly number[] = [1, 2, 3]): TestCluster {
  const c = new TestCluster()
  c.start(brokerIds)
  return c
}

test('a leader that has lost its log is followed by another of the ISR', () => {
  const c = cluster()
  c.createPartition('t', [1, 2, 3])
  expect(c.loseReplica(1, 't')).toBe('NONE')
  expect(c.partition('t')).toMatchObject({
    leader: 2,
    isr: [2, 3],
    elr: [],
    leaderEpoch: 1,
    leaderRecoveryState: 'recovered',
  })
})

test('a follower that has lost its log leaves the ISR, and a new epoch begins', () => {
  const c = cluster()
  c.createPartition('t', [1, 2, 3], [['min.insync.replicas', '3']])
  const { leaderEpoch, partitionEpoch } = c.partition('t')
  expect(c.loseReplica(2, 't')).toBe('NONE')
  // It is not eligible either, as one would be that left for another reason.
  expect(c.partition('t')).toMatchObject({ leader: 1, isr: [1, 3], elr: [], leaderEpoch: 1 })
  // What the leader knew of it before it was lost lets nobody in.
  const epochs = new Map([[2, c.brokerEpoch(2)]])
  const stale = { leaderEpoch, partitionEpoch, epochs }
  expect(c.proposeIsr('t', [1, 2, 3], stale).error).toBe('FENCED_LEADER_EPOCH')
})

test('one that is outside the ISR may be about to join: a new epoch begins all the same', () => {
  const c = cluster()
  c.createPartition('t', [1, 2, 3])
  c.proposeIsr('t', [1, 3])
  const before = c.partition('t')
  expect(c.loseReplica(2, 't')).toBe('NONE')
  expect(c.partition('t')).toMatchObject({ leader: 1, isr: [1, 3] })
  expect(c.partition('t').leaderEpoch).toBe(before.leaderEpoch + 1)
})

test('without anybody who has everything, nobody leads, not even the last who led', () => {
  const c = cluster()
  c.createPartition('t', [1, 2])
  c.proposeIsr('t', [1])
  expect(c.loseReplica(1, 't')).toBe('NONE')
  const offline = { leader: -1, isr: [], elr: [], lastKnownElr: [] }
  expect(c.partition('t')).toMatchObject(offline)
  c.kill([1, 2])
  c.heartbeat(1)
  c.heartbeat(2)
  expect(c.partition('t')).toMatchObject(offline)
})

test('the only replica leads no more once it is lost', () => {
  const c = cluster([1])
  c.createPartition('t', [1])
  expect(c.loseReplica(1, 't')).toBe('NONE')
  expect(c.partition('t')).toMatchObject({ leader: -1, isr: [], lastKnownElr: [] })
  c.kill([1])
  c.register(1, { previousBrokerEpoch: c.brokerEpoch(1) })
  c.heartbeat(1)
  expect(c.partition('t').leader).toBe(-1)
  // An operator may say that less is better than nothing.
  const request = { electionType: 'unclean', partitions: undefined } as const
  c.commit(c.controller.electLeaders(request))
  expect(c.partition('t')).toMatchObject({ leader: 1, leaderRecoveryState: 'recovering' })
})

test('a broker that is still fenced after its start is not elected once it is unfenced', () => {
  const c = cluster([1, 2])
  c.createPartition('t', [1, 2])
  c.proposeIsr('t', [1])
  c.kill([1])
  expect(c.partition('t')).toMatchObject({ leader: -1, elr: [1] })
  c.register(1, { previousBrokerEpoch: c.brokerEpoch(1) })
  expect(c.loseReplica(1, 't')).toBe('NONE')
  c.heartbeat(1)
  expect(c.partition('t')).toMatchObject({ leader: -1, elr: [] })
})

test('where loss is accepted, whoever is there leads instead', () => {
  const c = cluster([1, 2])
  c.createPartition('t', [1, 2], [['unclean.leader.election.enable', 'true']])
  c.proposeIsr('t', [1])
  c.loseReplica(1, 't')
  expect(c.partition('t')).toMatchObject({ leader: 2, leaderRecoveryState: 'recovering' })
})

test('another incarnation of the broker is not asked, nor is one without a replica', () => {
  const c = cluster()
  const { topicId } = c.createPartition('t', [1, 2])
  const topics = [{ topicId, partitionIndexes: [0, 0] }]
  const stale = { brokerId: 1, brokerEpoch: c.brokerEpoch(1) + 1, topics }
  const refused = { error: 'STALE_BROKER_EPOCH', topics: [] }
  expect(c.commit(c.controller.lostReplicas(stale))).toEqual(refused)
  expect(c.loseReplica(3, 't')).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  expect(c.loseReplica(1, 't', 7)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  const unknown = { topicId: 'AQAAAAAAAAAAAAAAAAAAAQ', partitionIndexes: [0] }
  const request = { brokerId: 1, brokerEpoch: c.brokerEpoch(1), topics: [unknown] }
  const { topics: replies } = c.commit(c.controller.lostReplicas(request))
  expect(replies[0]?.partitions[0]?.error).toBe('UNKNOWN_TOPIC_ID')
  expect(c.partition('t').partitionEpoch).toBe(0)
})
