import { expect, test } from 'vitest'
import {
  type BrokerLayers,
  brokerDefaultEntries,
  brokerEntries,
  groupEntries,
  topicEntries,
  topicValue,
} from './effective.ts'
import { topicConfig } from './topic-config.ts'

type Values = Readonly<Record<string, string>>

function layers(given: { broker?: Values; brokerDefault?: Values; static?: Values } = {}) {
  return {
    broker: new Map(Object.entries(given.broker ?? {})),
    brokerDefault: new Map(Object.entries(given.brokerDefault ?? {})),
    static: new Map(Object.entries(given.static ?? {})),
  } satisfies BrokerLayers
}

const own = (values: Values = {}) => new Map(Object.entries(values))

test('the nearest layer wins, and all of them are told', () => {
  const all = layers({
    broker: { 'message.max.bytes': '4' },
    brokerDefault: { 'message.max.bytes': '3' },
    static: { 'message.max.bytes': '2' },
  })
  const entry = topicEntries(own({ 'max.message.bytes': '5' }), all).find(
    ({ name }) => name === 'max.message.bytes',
  )
  expect(entry).toMatchObject({ value: '5', source: 'dynamicTopic', type: 'int' })
  expect(entry?.synonyms).toEqual([
    { name: 'max.message.bytes', value: '5', source: 'dynamicTopic' },
    { name: 'message.max.bytes', value: '4', source: 'dynamicBroker' },
    { name: 'message.max.bytes', value: '3', source: 'dynamicDefaultBroker' },
    { name: 'message.max.bytes', value: '2', source: 'staticBroker' },
    { name: 'message.max.bytes', value: '1048588', source: 'default' },
  ])
  expect(topicValue('max.message.bytes', own(), all)).toBe('4')
  expect(topicValue('max.message.bytes', own(), layers())).toBe('1048588')
})

test('retention in hours, minutes and milliseconds: the finest one that is set wins', () => {
  const retention = (given: Values) => topicValue('retention.ms', own(), layers({ static: given }))
  expect(retention({})).toBe('604800000')
  expect(retention({ 'log.retention.hours': '2' })).toBe('7200000')
  expect(retention({ 'log.retention.hours': '2', 'log.retention.minutes': '3' })).toBe('180000')
  expect(retention({ 'log.retention.minutes': '3', 'log.retention.ms': '7' })).toBe('7')
  expect(retention({ 'log.retention.hours': '-1' })).toBe('-1')
})

test('every config of a topic is answered, sorted, with its documentation', () => {
  const entries = topicEntries(own(), layers())
  expect(entries.length).toBe(37)
  expect(entries.map(({ name }) => name)).toEqual(entries.map(({ name }) => name).sort())
  for (const { doc, value, isReadOnly } of entries) {
    expect(doc).toBeDefined()
    expect(value).toBeDefined()
    expect(isReadOnly).toBe(false)
  }
})

test('every config of a broker is answered; only some can be changed while it runs', () => {
  const entries = brokerEntries(layers({ static: { 'node.id': '1' } }))
  const find = (name: string) => entries.find(entry => entry.name === name)
  expect(entries.length).toBe(350)
  expect(find('node.id')).toMatchObject({ value: '1', source: 'staticBroker', isReadOnly: true })
  expect(find('message.max.bytes')).toMatchObject({ isReadOnly: false, source: 'default' })
  expect(find('broker.rack')).toMatchObject({ value: undefined, source: 'default', synonyms: [] })
})

test('a password is never told, nor that it is in another layer', () => {
  const entries = brokerEntries(layers({ static: { 'ssl.key.password': 'hunter2-canary' } }))
  const entry = entries.find(({ name }) => name === 'ssl.key.password')
  expect(entry).toMatchObject({ value: undefined, isSensitive: true, source: 'staticBroker' })
  expect(JSON.stringify(entries)).not.toContain('hunter2-canary')
})

test('what exists only at run time is told once it is set', () => {
  const name = 'leader.replication.throttled.rate'
  const find = (given: BrokerLayers) => brokerEntries(given).find(entry => entry.name === name)
  expect(find(layers())).toBe(undefined)
  expect(find(layers({ broker: { [name]: '5' } }))).toMatchObject({ value: '5' })
})

test('the default of all brokers tells only what was set for all brokers', () => {
  const entries = brokerDefaultEntries(own({ 'message.max.bytes': '3' }))
  expect(entries.map(({ name, value, source }) => [name, value, source])).toEqual([
    ['message.max.bytes', '3', 'dynamicDefaultBroker'],
  ])
})

test('a topic config has numbers that a program can count with', () => {
  expect(topicConfig(own(), layers())).toEqual({
    isCompacted: false,
    isDeleted: true,
    compressionType: 'producer',
    deleteRetentionMs: 86_400_000,
    maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
    minCompactionLagMs: 0,
    minCleanableDirtyRatio: 0.5,
    maxMessageBytes: 1_048_588,
    messageTimestampType: 'CreateTime',
    messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    messageTimestampAfterMaxMs: 3_600_000,
    minInsyncReplicas: 1,
    retentionBytes: -1,
    retentionMs: 604_800_000,
    segmentBytes: 1_073_741_824,
    segmentMs: 604_800_000,
    uncleanLeaderElection: false,
  })
  const set = own({
    'cleanup.policy': 'compact, delete',
    'compression.type': 'zstd',
    'message.timestamp.type': 'LogAppendTime',
    'unclean.leader.election.enable': 'TRUE',
    'retention.ms': '-1',
  })
  expect(topicConfig(set, layers())).toMatchObject({
    isCompacted: true,
    isDeleted: true,
    compressionType: 'zstd',
    messageTimestampType: 'LogAppendTime',
    uncleanLeaderElection: true,
    retentionMs: -1,
  })
})

test('a group has its own values, else those of the brokers for groups', () => {
  const name = 'consumer.session.timeout.ms'
  const find = (values: Values, given: BrokerLayers) =>
    groupEntries(own(values), given).find(entry => entry.name === name)
  const brokers = layers({ static: { [`group.${name}`]: '50000' } })
  expect(find({}, layers())).toMatchObject({ value: '45000', source: 'default' })
  expect(find({}, brokers)).toMatchObject({ value: '50000', source: 'staticBroker' })
  expect(find({ [name]: '60000' }, brokers)).toMatchObject({ value: '60000', source: 'group' })
})

test('every config of a group is answered, also where brokers have none for all groups', () => {
  const entries = groupEntries(own(), layers())
  expect(entries.length).toBe(21)
  for (const { name, value, synonyms } of entries) {
    expect([name, synonyms[0]]).toMatchObject([name, { value, source: 'default' }])
  }
  const find = (name: string) => entries.find(entry => entry.name === name)?.synonyms[0]?.name
  expect(find('share.isolation.level')).toBe('share.isolation.level')
  expect(find('share.session.timeout.ms')).toBe('group.share.session.timeout.ms')
})
