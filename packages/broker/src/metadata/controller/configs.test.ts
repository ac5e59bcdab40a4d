import { expect, test } from 'vitest'
import { TestCluster } from '../testing/test-cluster.ts'
import type { ConfigChange, ConfigOperation, ConfigResource } from './types.ts'

function cluster(): TestCluster {
  const cluster = new TestCluster()
  cluster.start([1, 2])
  cluster.createTopic('t')
  return cluster
}

const topic: ConfigResource = { type: 'topic', name: 't' }
const all: ConfigResource = { type: 'broker', name: '' }
const one: ConfigResource = { type: 'broker', name: '1' }

function change(name: string, operation: ConfigOperation, value?: string): ConfigChange {
  return { name, operation, value }
}

function alter(
  c: TestCluster,
  resource: ConfigResource,
  changes: readonly ConfigChange[],
  validateOnly = false,
) {
  const outcome = c.controller.incrementalAlterConfigs([{ ...resource, changes }], validateOnly)
  const [reply] = c.commit(outcome)
  return reply?.error
}

const valuesOf = (c: TestCluster, { type, name }: ConfigResource) =>
  Object.fromEntries(c.image.configs.of(type, name))

test('values are set and deleted, and only differences are written', () => {
  const c = cluster()
  const set = [change('retention.ms', 'set', '5'), change('segment.ms', 'set', '6')]
  expect(alter(c, topic, set)).toBe('NONE')
  expect(valuesOf(c, topic)).toEqual({ 'retention.ms': '5', 'segment.ms': '6' })
  const length = c.log.length
  expect(alter(c, topic, set)).toBe('NONE')
  expect(c.log.length).toBe(length)
  expect(alter(c, topic, [change('retention.ms', 'delete')])).toBe('NONE')
  expect(valuesOf(c, topic)).toEqual({ 'segment.ms': '6' })
})

test('lists grow and shrink by elements, from the default on', () => {
  const c = cluster()
  expect(alter(c, topic, [change('cleanup.policy', 'append', 'compact')])).toBe('NONE')
  expect(valuesOf(c, topic)).toEqual({ 'cleanup.policy': 'delete,compact' })
  expect(alter(c, topic, [change('cleanup.policy', 'append', 'compact, delete')])).toBe('NONE')
  expect(valuesOf(c, topic)).toEqual({ 'cleanup.policy': 'delete,compact' })
  expect(alter(c, topic, [change('cleanup.policy', 'subtract', 'delete,other')])).toBe('NONE')
  expect(valuesOf(c, topic)).toEqual({ 'cleanup.policy': 'compact' })
  expect(alter(c, topic, [change('cleanup.policy', 'append', 'other')])).toBe('INVALID_CONFIG')
  expect(alter(c, topic, [change('retention.ms', 'append', '5')])).toBe('INVALID_CONFIG')
})

test('a resource is changed as a whole or not at all', () => {
  const c = cluster()
  const half = [change('retention.ms', 'set', '5'), change('segment.ms', 'set', 'never')]
  expect(alter(c, topic, half)).toBe('INVALID_CONFIG')
  expect(valuesOf(c, topic)).toEqual({})
})

test('validating changes nothing', () => {
  const c = cluster()
  expect(alter(c, topic, [change('retention.ms', 'set', '5')], true)).toBe('NONE')
  expect(alter(c, topic, [change('retention.ms', 'set', 'x')], true)).toBe('INVALID_CONFIG')
  expect(valuesOf(c, topic)).toEqual({})
})

test('what is unknown is refused: names, values, resources', () => {
  const c = cluster()
  const set = change('retention.ms', 'set', '5')
  expect(alter(c, topic, [change('no.such.config', 'set', '5')])).toBe('INVALID_CONFIG')
  expect(alter(c, topic, [change('retention.ms', 'set')])).toBe('INVALID_REQUEST')
  expect(alter(c, topic, [set, change('retention.ms', 'delete')])).toBe('INVALID_REQUEST')
  expect(alter(c, { type: 'topic', name: 'u' }, [set])).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  expect(alter(c, { type: 'topic', name: 'a b' }, [set])).toBe('INVALID_TOPIC_EXCEPTION')
  expect(alter(c, { type: 'topic', name: '' }, [set])).toBe('INVALID_REQUEST')
  const number = change('message.max.bytes', 'set', '5')
  for (const name of ['x', '-1', '01', ' 1']) {
    expect(alter(c, { type: 'broker', name }, [number])).toMatch(/^INVALID_REQUEST|NOT_REGISTERED$/)
  }
  expect(alter(c, { type: 'broker', name: '9' }, [number])).toBe('BROKER_ID_NOT_REGISTERED')
})

test('configs that contradict each other are refused', () => {
  const c = cluster()
  expect(alter(c, topic, [change('min.compaction.lag.ms', 'set', '10')])).toBe('NONE')
  expect(alter(c, topic, [change('max.compaction.lag.ms', 'set', '5')])).toBe('INVALID_CONFIG')
  expect(alter(c, topic, [change('max.compaction.lag.ms', 'set', '10')])).toBe('NONE')
})

test('a broker takes at run time what can be changed at run time, for one or for all', () => {
  const c = cluster()
  const number = change('message.max.bytes', 'set', '5')
  expect(alter(c, one, [number])).toBe('NONE')
  expect(alter(c, all, [number])).toBe('NONE')
  expect(valuesOf(c, one)).toEqual({ 'message.max.bytes': '5' })
  expect(valuesOf(c, all)).toEqual({ 'message.max.bytes': '5' })
  expect(alter(c, one, [change('num.partitions', 'set', '5')])).toBe('INVALID_CONFIG')
  const listeners = change('advertised.listeners', 'set', 'PLAINTEXT://h:1')
  expect(alter(c, all, [listeners])).toBe('INVALID_CONFIG')
  expect(alter(c, one, [listeners])).toBe('NONE')
})

test('who is eligible is a matter of the whole cluster', () => {
  const c = cluster()
  const min = change('min.insync.replicas', 'set', '2')
  expect(alter(c, one, [min])).toBe('INVALID_CONFIG')
  expect(alter(c, all, [min])).toBe('NONE')
})

test('a lower default of min.insync.replicas ends the eligibility of others by the same entry', () => {
  const c = cluster()
  expect(alter(c, all, [change('min.insync.replicas', 'set', '2')])).toBe('NONE')
  c.createPartition('u', [1, 2])
  c.createPartition('v', [1, 2], [['min.insync.replicas', '2']])
  c.kill([2])
  expect(c.partition('u')).toMatchObject({ isr: [1], elr: [2] })
  expect(alter(c, all, [change('min.insync.replicas', 'delete')])).toBe('NONE')
  expect(c.partition('u')).toMatchObject({ isr: [1], elr: [] })
  expect(c.log.at(-1)?.records.map(({ kind }) => kind)).toEqual(['config', 'partitionChange'])
  expect(c.partition('v')).toMatchObject({ isr: [1], elr: [2] })
})

test('a leaderless partition keeps its eligible replicas when min.insync.replicas falls', () => {
  const c = cluster()
  c.createPartition('u', [1, 2], [['min.insync.replicas', '2']])
  c.kill([1, 2])
  const resource = { type: 'topic', name: 'u' } as const
  expect(alter(c, resource, [change('min.insync.replicas', 'set', '1')])).toBe('NONE')
  expect(c.partition('u')).toMatchObject({ leader: -1, elr: [1, 2] })
})

test('a resource named twice is refused', () => {
  const c = cluster()
  const changes = [change('retention.ms', 'set', '5')]
  const twice = [
    { ...topic, changes },
    { ...topic, changes },
  ]
  const reply = c.commit(c.controller.incrementalAlterConfigs(twice, false))
  expect(reply.map(({ error }) => error)).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST'])
})

test('the older AlterConfigs replaces everything that was set', () => {
  const c = cluster()
  alter(c, topic, [change('retention.ms', 'set', '5'), change('segment.ms', 'set', '6')])
  const replace = (...configs: { name: string; value: string | undefined }[]) => {
    const [reply] = c.commit(c.controller.alterConfigs([{ ...topic, configs }], false))
    return reply?.error
  }
  expect(replace({ name: 'segment.ms', value: '7' })).toBe('NONE')
  expect(valuesOf(c, topic)).toEqual({ 'segment.ms': '7' })
  expect(replace({ name: 'segment.ms', value: undefined })).toBe('INVALID_REQUEST')
  expect(replace({ name: 'segment.ms', value: 'x' })).toBe('INVALID_CONFIG')
  expect(replace({ name: 'segment.ms', value: '1' }, { name: 'segment.ms', value: '2' })).toBe(
    'INVALID_REQUEST',
  )
  expect(valuesOf(c, topic)).toEqual({ 'segment.ms': '7' })
})

test('groups take group configs', () => {
  const c = cluster()
  const group = { type: 'group', name: 'g' } as const
  const timeout = change('consumer.session.timeout.ms', 'set', '50000')
  expect(alter(c, group, [timeout])).toBe('NONE')
  expect(alter(c, group, [change('retention.ms', 'set', '5')])).toBe('INVALID_CONFIG')
  expect(alter(c, { type: 'group', name: '' }, [timeout])).toBe('INVALID_REQUEST')
})
