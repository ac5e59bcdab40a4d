// The active controller: from its election to its resignation.

import { seededRandom } from '@klamm/base'
import { silentLogger } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import { KafkaError } from '@klamm/protocol'
import type { Entry } from '@klamm/raft'
import { expect, test } from 'vitest'
import { defaultControllerOptions, type MetadataRecord } from '../metadata/index.ts'
import { settled } from '../testing/turns.ts'
import { ControllerDriver } from './controller-driver.ts'
import { encodeRecords } from './metadata-codec.ts'
import { MetadataLoader } from './metadata-loader.ts'
import type { RaftDriver } from './raft-driver.ts'

type Proposal = { readonly ok: false; readonly reason: string } | undefined

const topic: MetadataRecord = { kind: 'topic', topicId: 'dG9waWMtb3JkZXJzLTAwMA', name: 'orders' }

function driving() {
  const clock = new TestClock()
  const bugs: unknown[] = []
  const log: Entry[] = []
  const state = { term: 3, refusal: undefined as Proposal, lastIndex: 0 }
  const append = (kind: Entry['kind'], data: Uint8Array) => {
    state.lastIndex += 1
    log.push({ index: state.lastIndex, term: state.term, kind, data } as Entry)
    return { index: state.lastIndex, term: state.term }
  }
  const raft = {
    node: { status: () => ({ lastIndex: state.lastIndex }) },
    propose: (data: Uint8Array) => state.refusal ?? { ok: true, position: append('normal', data) },
  }
  const driver: ControllerDriver = new ControllerDriver({
    clock,
    random: seededRandom(1),
    log: silentLogger,
    controller: { ...defaultControllerOptions, clusterId: 'c', staticConfigs: new Map() },
    features: new Map(),
    balanceIntervalMs: 300_000,
    image: () => loader.image,
    raft: () => raft as unknown as RaftDriver,
    onBug: error => bugs.push(error),
  })
  const loader = new MetadataLoader({
    publishers: [],
    onApplied: entry => driver.applied(entry),
  })
  /** All that was proposed is committed. */
  const commit = async () => {
    loader.apply(log.splice(0))
    await settled()
  }
  const elect = async () => {
    driver.roleChanged({ role: 'leader', term: state.term } as never)
    append('leaderChange' as Entry['kind'], new Uint8Array())
    await commit()
  }
  const run = (records: readonly MetadataRecord[], reply = 'done') => {
    const outcome: { value: unknown } = { value: undefined }
    driver
      .run(() => ({ records, reply }))
      .then(
        value => {
          outcome.value = value
        },
        (error: KafkaError) => {
          outcome.value = error.errorName ?? error
        },
      )
    return outcome
  }
  return { clock, bugs, log, state, driver, loader, commit, elect, run, append }
}

test('nobody decides before the first entry of its own term is applied', async () => {
  const { driver, append, commit, run } = driving()
  driver.roleChanged({ role: 'leader', term: 3 } as never)
  expect(driver.isActive).toBe(false)
  const early = run([topic])
  await settled()
  expect(early.value).toBe('NOT_CONTROLLER')
  append('leaderChange' as Entry['kind'], new Uint8Array())
  await commit()
  expect(driver.isActive).toBe(true)
})

test('a reply leaves when its records are committed, and is in the metadata by then', async () => {
  const { elect, run, commit, loader } = driving()
  await elect()
  const made = run([topic])
  await settled()
  expect(made.value).toBeUndefined()
  await commit()
  expect(made.value).toBe('done')
  expect(loader.image.topics.byName('orders')).toBeDefined()
})

test('what is committed releases the replies that depend on no more', async () => {
  const { elect, run, log, loader } = driving()
  await elect()
  const [first, second] = [
    run([topic]),
    run([{ ...topic, topicId: 'dG9waWMtbW9yZS0wMDAwMA', name: 'more' }]),
  ]
  loader.apply(log.splice(0, 1))
  await settled()
  expect([first.value, second.value]).toEqual(['done', undefined])
  loader.apply(log.splice(0))
  await settled()
  expect(second.value).toBe('done')
})

test('a decision without records waits for those before it, which it has seen', async () => {
  const { elect, driver, run, commit } = driving()
  await elect()
  const made = run([topic])
  let seen: unknown
  const asked = driver.run(controller => {
    seen = controller.image.topics.byName('orders')
    return { records: [], reply: 'read' }
  })
  let answer: unknown
  void asked.then(value => {
    answer = value
  })
  await settled()
  expect(seen).toBeDefined()
  expect(answer).toBeUndefined()
  await commit()
  expect([made.value, answer]).toEqual(['done', 'read'])
  const again = run([])
  await settled()
  expect(again.value).toBe('done')
})

test('who resigns cannot say what becomes of the records that are not committed', async () => {
  const { clock, driver, elect, run, commit } = driving()
  await elect()
  const made = run([topic])
  driver.roleChanged({ role: 'follower', term: 4 } as never)
  await settled()
  expect(made.value).toBe('REQUEST_TIMED_OUT')
  expect(driver.isActive).toBe(false)
  expect(clock.pendingTimers).toBe(0)
  await commit()
  const late = run([topic])
  await settled()
  expect(late.value).toBe('NOT_CONTROLLER')
})

test('an entry of another term at the index of a proposal is not that proposal', async () => {
  const { elect, run, log, loader, state } = driving()
  await elect()
  const made = run([topic])
  log.splice(0)
  const other = { index: state.lastIndex, term: 4, kind: 'leaderChange', data: new Uint8Array() }
  loader.apply([other as unknown as Entry])
  await settled()
  expect(made.value).toBeUndefined()
})

test.each([
  ['busy', 'THROTTLING_QUOTA_EXCEEDED'],
  ['tooLarge', 'POLICY_VIOLATION'],
  ['notLeader', 'NOT_CONTROLLER'],
])('a proposal refused as %s is %s, and changes nothing', async (reason, error) => {
  const { elect, run, state, driver } = driving()
  await elect()
  state.refusal = { ok: false, reason }
  const refused = run([topic])
  await settled()
  expect(refused.value).toBe(error)
  state.refusal = undefined
  const seen = await driver.run(controller => ({
    records: [],
    reply: controller.image.topics.byName('orders'),
  }))
  expect(seen).toBeUndefined()
})

test('a decision that throws is the failure of who asked', async () => {
  const { elect, driver, bugs } = driving()
  await elect()
  const bug = new TypeError('of undefined')
  const failing = driver.run(() => {
    throw bug
  })
  await expect(failing).rejects.toBe(bug)
  await expect(
    driver.run(() => {
      throw new KafkaError('INVALID_REQUEST')
    }),
  ).rejects.toThrow('INVALID_REQUEST')
  expect(bugs).toEqual([])
})

test('a second election in a later term begins from what is committed', async () => {
  const { elect, driver, run, state, log } = driving()
  await elect()
  run([topic])
  // Lost: the next leader has something else there.
  log.splice(0)
  state.lastIndex -= 1
  driver.roleChanged({ role: 'follower', term: 4 } as never)
  state.term = 5
  await elect()
  expect(driver.isActive).toBe(true)
  const seen = await driver.run(controller => ({
    records: [],
    reply: controller.image.topics.byName('orders'),
  }))
  expect(seen).toBeUndefined()
})

test('stopped, it has no timer left', async () => {
  const { clock, driver, elect } = driving()
  await elect()
  expect(clock.pendingTimers).toBe(1)
  driver.stop()
  expect(clock.pendingTimers).toBe(0)
})

test('of its predecessor the controller knows what the quorum knew', async () => {
  const { clock, driver, loader, append, commit, state } = driving()
  const registration: MetadataRecord = {
    kind: 'registerBroker',
    brokerId: 2,
    brokerEpoch: 1,
    incarnationId: 'aW5jYXJuYXRpb24tb2YtMg',
    endpoints: [],
    features: [],
    zone: undefined,
    fenced: false,
    inControlledShutdown: false,
    logDirs: [],
  }
  append('normal', encodeRecords([registration]))
  const heardMs = Number.NEGATIVE_INFINITY
  driver.roleChanged({ role: 'leader', term: state.term } as never, { brokerId: 2, heardMs })
  append('leaderChange' as Entry['kind'], new Uint8Array())
  await commit()
  const isFenced = () => loader.image.cluster.broker(2)?.fenced
  const third = defaultControllerOptions.sessionTimeoutMs / 3
  clock.advance(third - 1)
  await commit()
  expect(isFenced()).toBe(false)
  clock.advance(1)
  await commit()
  expect(isFenced()).toBe(true)
})
