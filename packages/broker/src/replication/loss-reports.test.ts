// Losses on their way to the controller.

import { oneUuid } from '@klamm/base'
import { silentLogger, TimeoutError } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import {
  type AssignReplicasToDirs,
  type ErrorName,
  errorCodes,
  type RequestOf,
} from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { ControllerChannel } from '../network/controller-channel.ts'
import { settled } from '../testing/turns.ts'
import { LossReports } from './loss-reports.ts'

type Request = RequestOf<typeof AssignReplicasToDirs>
type Answer = ErrorName | 'no answer' | { readonly partition: ErrorName }

const a = 'dG9waWMtYS0wMDAwMDAwMA'
const b = 'dG9waWMtYi0wMDAwMDAwMA'

/** A controller that answers in turn, with NONE at last. */
function reporting(...answers: Answer[]) {
  const clock = new TestClock()
  const requests: Request[] = []
  const failures: unknown[] = []
  const broker = { epoch: 10 }
  const request = async (_schema: unknown, _version: number, body: Request) => {
    requests.push(body)
    const answer = answers.shift() ?? 'NONE'
    if (answer === 'no answer') throw new TimeoutError('too late')
    const [whole, each] = typeof answer === 'string' ? [answer, answer] : ['NONE', answer.partition]
    const directories = body.directories.map(({ id, topics }) => ({
      id,
      topics: topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: errorCodes[each],
        })),
      })),
    }))
    return { throttleTimeMs: 0, errorCode: errorCodes[whole as ErrorName], directories }
  }
  const reports = new LossReports({
    brokerId: 1,
    brokerEpoch: () => broker.epoch,
    clock,
    log: silentLogger,
    controller: { request } as unknown as ControllerChannel,
    onFailure: error => failures.push(error),
  })
  const report = (...replicas: [string, number][]) => {
    const state = { isKnown: false }
    const ids = replicas.map(([topicId, partitionIndex]) => ({ topicId, partitionIndex }))
    reports.report(ids).then(() => {
      state.isKnown = true
    })
    return state
  }
  const pass = async () => {
    clock.advance(100)
    await settled()
  }
  return { broker, requests, failures, reports, report, pass }
}

test('what is lost is told by topic, as being in the lost directory', async () => {
  const { requests, report } = reporting()
  const state = report([a, 1], [b, 0], [a, 4])
  await settled()
  expect(state.isKnown).toBe(true)
  const topics = [
    { topicId: a, partitions: [{ partitionIndex: 1 }, { partitionIndex: 4 }] },
    { topicId: b, partitions: [{ partitionIndex: 0 }] },
  ]
  const directories = [{ id: oneUuid, topics }]
  expect(requests).toEqual([{ brokerId: 1, brokerEpoch: 10, directories }])
})

test('a broker that is not registered yet has nobody to tell', async () => {
  const { broker, requests, report, pass } = reporting()
  broker.epoch = -1
  const state = report([a, 0])
  await pass()
  expect(requests).toEqual([])
  broker.epoch = 12
  await pass()
  expect([state.isKnown, requests[0]?.brokerEpoch]).toEqual([true, 12])
})

test.each<Answer>([
  'no answer',
  'STALE_BROKER_EPOCH',
  'NOT_CONTROLLER',
  { partition: 'NOT_CONTROLLER' },
])('answered with %o it is told again', async answer => {
  const { requests, failures, report, pass } = reporting(answer)
  const state = report([a, 0])
  await settled()
  expect(state.isKnown).toBe(false)
  await pass()
  expect([state.isKnown, requests.length, failures]).toEqual([true, 2, []])
})

test.each<Answer>([{ partition: 'UNKNOWN_TOPIC_ID' }, { partition: 'UNKNOWN_TOPIC_OR_PARTITION' }])(
  'answered with %o there is nothing to tell any more',
  async answer => {
    const { requests, report } = reporting(answer)
    const state = report([a, 0])
    await settled()
    expect([state.isKnown, requests.length]).toEqual([true, 1])
  },
)

test('a broker that stops tells nobody anything', async () => {
  const { requests, failures, reports, report, pass } = reporting('no answer', 'no answer')
  const state = report([a, 0])
  await settled()
  await reports[Symbol.asyncDispose]()
  await pass()
  expect([state.isKnown, requests.length, failures]).toEqual([false, 1, []])
})
