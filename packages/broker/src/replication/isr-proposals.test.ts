// Proposals on their way to the controller.

import { silentLogger, TimeoutError } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import { type AlterPartition, errorCodes, type RequestOf } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { ControllerChannel } from '../network/controller-channel.ts'
import type { Partition } from '../partition/partition.ts'
import type { IsrProposal, PartitionLeader } from '../replica/index.ts'
import { settled } from '../testing/turns.ts'
import { IsrProposals } from './isr-proposals.ts'

type Request = RequestOf<typeof AlterPartition>

function proposing() {
  const clock = new TestClock()
  const requests: Request[] = []
  const answers: PromiseWithResolvers<unknown>[] = []
  const failures: unknown[] = []
  const request = (_schema: unknown, _version: number, body: Request, options: unknown) => {
    const { signal } = options as { signal: AbortSignal }
    const answer = Promise.withResolvers<unknown>()
    signal.addEventListener('abort', () => answer.reject(signal.reason))
    requests.push(body)
    answers.push(answer)
    return answer.promise
  }
  const proposals = new IsrProposals({
    brokerId: 1,
    brokerEpoch: () => 10,
    clock,
    log: silentLogger,
    controller: { request } as unknown as ControllerChannel,
    onFailure: error => failures.push(error),
  })
  return { clock, requests, answers, failures, proposals }
}

/** A leader that notes what it is told. */
function leaderOf(topicId: string, partitionIndex = 0) {
  const told: string[] = []
  const leader = {
    partition: { partitionEpoch: 5 },
    isrProposalFailed: (error: string) => told.push(`failed ${error}`),
    isrCommitted: ({ isr }: { isr: number[] }) => told.push(`committed ${isr}`),
  } as unknown as PartitionLeader
  const performLeader = (performed: PartitionLeader) => {
    if (performed === leader) told.push('performed')
  }
  const partition = { topicId, partitionIndex, performLeader } as unknown as Partition
  return { told, leader, partition }
}

function proposal(changes: Partial<IsrProposal> = {}): IsrProposal {
  return {
    kind: 'proposeIsr',
    isr: [{ brokerId: 1, brokerEpoch: 10 }],
    leaderEpoch: 2,
    partitionEpoch: 5,
    delayMs: 0,
    ...changes,
  }
}

const a = 'dG9waWMtYS0wMDAwMDAwMA'
const b = 'dG9waWMtYi0wMDAwMDAwMA'

function answerTo({ topics }: Request, errorCode = 0, partitionEpoch = 5) {
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode,
        leaderId: 1,
        leaderEpoch: 2,
        isr: [1],
        leaderRecoveryState: 0,
        partitionEpoch,
      })),
    })),
  }
}

test('the proposals of one moment go together, those that come meanwhile with the next', async () => {
  const { clock, requests, answers, proposals } = proposing()
  const [one, two, three] = [leaderOf(a), leaderOf(b), leaderOf(a, 1)]
  proposals.propose(one.partition, one.leader, proposal())
  proposals.propose(two.partition, two.leader, proposal())
  clock.advance(0)
  proposals.propose(three.partition, three.leader, proposal())
  clock.advance(0)
  expect(requests.map(({ topics }) => topics.map(({ topicId }) => topicId))).toEqual([[a, b]])
  answers[0]?.resolve(answerTo(requests[0] as Request))
  await settled()
  expect(requests).toHaveLength(2)
  answers[1]?.resolve(answerTo(requests[1] as Request))
  await settled()
  for (const { told } of [one, two, three]) expect(told).toEqual(['committed 1', 'performed'])
})

test('one request is in flight at a time', async () => {
  const { clock, requests, answers, proposals } = proposing()
  const [one, two] = [leaderOf(a), leaderOf(b)]
  proposals.propose(one.partition, one.leader, proposal())
  clock.advance(0)
  proposals.propose(two.partition, two.leader, proposal())
  clock.advance(0)
  await settled()
  expect(requests).toHaveLength(1)
  answers[0]?.resolve(answerTo(requests[0] as Request))
  await settled()
  expect(requests).toHaveLength(2)
})

test('a refusal is told with its error, and so is an answer without the partition', async () => {
  const { clock, requests, answers, proposals } = proposing()
  const { told, leader, partition } = leaderOf(a)
  proposals.propose(partition, leader, proposal())
  clock.advance(0)
  answers[0]?.resolve(answerTo(requests[0] as Request, errorCodes.INELIGIBLE_REPLICA))
  await settled()
  proposals.propose(partition, leader, proposal())
  clock.advance(0)
  answers[1]?.resolve({ throttleTimeMs: 0, errorCode: 0, topics: [] })
  await settled()
  expect(told.filter(each => each !== 'performed')).toEqual([
    'failed INELIGIBLE_REPLICA',
    'failed UNKNOWN_SERVER_ERROR',
  ])
})

test('a change is left to the metadata, which come in order', async () => {
  const { clock, requests, answers, proposals } = proposing()
  const { told, leader, partition } = leaderOf(a)
  proposals.propose(partition, leader, proposal())
  clock.advance(0)
  answers[0]?.resolve(answerTo(requests[0] as Request, 0, 6))
  await settled()
  expect(told).toEqual(['performed'])
})

test('no answer in time says nothing of what became of the proposal', async () => {
  const { clock, answers, failures, proposals } = proposing()
  const { told, leader, partition } = leaderOf(a)
  proposals.propose(partition, leader, proposal())
  clock.advance(0)
  answers[0]?.reject(new TimeoutError('too late'))
  await settled()
  expect(told).toEqual(['failed UNKNOWN', 'performed'])
  expect(failures).toEqual([])
})

test('a retry that fires late does not take the place of what overtook it', async () => {
  const { clock, requests, answers, proposals } = proposing()
  const [{ leader, partition }, other] = [leaderOf(a), leaderOf(b)]
  // One is in flight, so the others gather.
  proposals.propose(other.partition, other.leader, proposal())
  clock.advance(0)
  proposals.propose(partition, leader, proposal({ delayMs: 50 }))
  proposals.propose(partition, leader, proposal({ partitionEpoch: 6 }))
  clock.advance(50)
  answers[0]?.resolve(answerTo(requests[0] as Request))
  await settled()
  expect(requests[1]?.topics[0]?.partitions[0]?.partitionEpoch).toBe(6)
})

test('of two proposals of one partition only the newer leaves: both would be given one answer', async () => {
  const { clock, requests, answers, proposals } = proposing()
  const [older, newer] = [leaderOf(a), leaderOf(a)]
  const { partition } = older
  proposals.propose(partition, older.leader, proposal())
  proposals.propose(partition, newer.leader, proposal({ leaderEpoch: 3 }))
  clock.advance(0)
  expect(requests[0]?.topics).toHaveLength(1)
  expect(requests[0]?.topics[0]?.partitions.map(({ leaderEpoch }) => leaderEpoch)).toEqual([3])
  answers[0]?.resolve(answerTo(requests[0] as Request))
  await settled()
  expect(older.told).toEqual([])
  expect(newer.told[0]).toBe('committed 1')
})

test('a retry waits for its delay', async () => {
  const { clock, requests, proposals } = proposing()
  const { leader, partition } = leaderOf(a)
  proposals.propose(partition, leader, proposal({ delayMs: 50 }))
  clock.advance(49)
  expect(requests).toHaveLength(0)
  clock.advance(1)
  expect(requests).toHaveLength(1)
})

test('a bug ends the broker', async () => {
  const { clock, answers, failures, proposals } = proposing()
  const { leader, partition } = leaderOf(a)
  proposals.propose(partition, leader, proposal())
  clock.advance(0)
  const bug = new TypeError('of undefined')
  answers[0]?.reject(bug)
  await settled()
  expect(failures).toEqual([bug])
})

test('when it stops nothing is in flight, nothing waits and nothing fails', async () => {
  const { clock, requests, failures, proposals } = proposing()
  const { leader, partition } = leaderOf(a)
  proposals.propose(partition, leader, proposal())
  proposals.propose(partition, leader, proposal({ delayMs: 1_000 }))
  clock.advance(0)
  expect(requests).toHaveLength(1)
  proposals.propose(partition, leader, proposal({ partitionEpoch: 6 }))
  await proposals[Symbol.asyncDispose]()
  expect(clock.pendingTimers).toBe(0)
  proposals.propose(partition, leader, proposal())
  expect(clock.pendingTimers).toBe(0)
  expect(failures).toEqual([])
})
