// Stories of one member, and each error of each API with what a member does about it.

import { readdirSync } from 'node:fs'
import { runScript } from '@klamm/base/testing'
import { type ErrorName, errorCodes, isRetriable } from '@klamm/protocol/errors'
import { expect, test } from 'vitest'
import { actionFor, type GroupAction, type GroupApi, type GroupError } from './actions.ts'
import { MembershipScript } from './testing/membership-script.ts'

const folder = new URL('./scripts/', import.meta.url)

for (const name of readdirSync(folder)) {
  test(`${name} happens as it is written`, () => {
    const script = new MembershipScript()
    runScript(new URL(name, folder), command => script.run(command))
  })
}

/** Error → what join, sync, heartbeat, commit, fetchOffsets and leave do about it. */
const expected: Record<string, readonly GroupAction[]> = {
  NONE: ['succeed', 'succeed', 'succeed', 'succeed', 'succeed', 'succeed'],
  LOST: [
    ...(['findCoordinator', 'findCoordinator', 'findCoordinator', 'findCoordinator'] as const),
    'findCoordinator',
    'fail',
  ],
  COORDINATOR_LOAD_IN_PROGRESS: ['retry', 'retry', 'retry', 'retry', 'retry', 'retry'],
  COORDINATOR_NOT_AVAILABLE: Array(6).fill('findCoordinator'),
  NOT_COORDINATOR: Array(6).fill('findCoordinator'),
  REQUEST_TIMED_OUT: [...Array(5).fill('findCoordinator'), 'retry'],
  UNKNOWN_MEMBER_ID: [...Array(5).fill('resetMember'), 'succeed'],
  ILLEGAL_GENERATION: [...Array(5).fill('resetGeneration'), 'fail'],
  FENCED_INSTANCE_ID: Array(6).fill('fail'),
  GROUP_AUTHORIZATION_FAILED: Array(6).fill('fail'),
  REBALANCE_IN_PROGRESS: ['retry', 'rejoin', 'rejoin', 'rejoin', 'fail', 'fail'],
  MEMBER_ID_REQUIRED: ['adoptMemberId', 'fail', 'fail', 'fail', 'fail', 'fail'],
  INCONSISTENT_GROUP_PROTOCOL: Array(6).fill('fail'),
  INVALID_SESSION_TIMEOUT: Array(6).fill('fail'),
  INVALID_GROUP_ID: Array(6).fill('fail'),
  GROUP_MAX_SIZE_REACHED: Array(6).fill('fail'),
  UNSUPPORTED_VERSION: Array(6).fill('fail'),
  OFFSET_METADATA_TOO_LARGE: Array(6).fill('fail'),
  INVALID_COMMIT_OFFSET_SIZE: Array(6).fill('fail'),
  TOPIC_AUTHORIZATION_FAILED: Array(6).fill('fail'),
  UNKNOWN_TOPIC_OR_PARTITION: Array(6).fill('retry'),
  UNSTABLE_OFFSET_COMMIT: Array(6).fill('retry'),
}

const apis = ['join', 'sync', 'heartbeat', 'commit', 'fetchOffsets', 'leave'] as const

for (const [error, actions] of Object.entries(expected)) {
  test(`${error} means ${[...new Set(actions)].join(' or ')}, by the API`, () => {
    const actual = apis.map((api: GroupApi) => actionFor(api, error as GroupError))
    expect(actual).toEqual(actions)
  })
}

test('an error in no table is tried again when Kafka calls it retriable', () => {
  for (const error of Object.keys(errorCodes) as ErrorName[]) {
    if (expected[error] !== undefined) continue
    for (const api of apis) {
      expect(actionFor(api, error)).toBe(isRetriable(error) ? 'retry' : 'fail')
    }
  }
})
