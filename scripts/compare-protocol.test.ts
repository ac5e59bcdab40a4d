// The comparison with Kafka's definitions finds what it is for; the whole of it runs when
// KAFKA_MESSAGES and KAFKA_TABLES name the files.

import { expect, test } from 'vitest'
import { Heartbeat } from '../packages/protocol/src/apis/heartbeat.ts'
import {
  compareMessage,
  compareProtocol,
  type KafkaField,
  type KafkaMessage,
  type KafkaMessages,
  type KafkaTables,
  readJson,
} from './compare-protocol.ts'

const fields: readonly KafkaField[] = [
  { name: 'GroupId', type: 'string', versions: '0+' },
  { name: 'GenerationId', type: 'int32', versions: '0+' },
  { name: 'MemberId', type: 'string', versions: '0+' },
  {
    name: 'GroupInstanceId',
    type: 'string',
    versions: '3+',
    nullableVersions: '3+',
    default: 'null',
  },
]

function compare(change: Partial<KafkaMessage>): string[] {
  const kafka = {
    type: 'request',
    name: 'HeartbeatRequest',
    validVersions: '0-4',
    flexibleVersions: '4+',
    fields,
    ...change,
  }
  return compareMessage({ ...Heartbeat, fields: Heartbeat.request }, kafka, 'Heartbeat')
}

function withField(index: number, change: Partial<KafkaField>): readonly KafkaField[] {
  return fields.map((field, i) => (i === index ? { ...field, ...change } : field))
}

test('a table that says what Kafka says has no differences', () => {
  expect(compare({})).toEqual([])
})

test('every way in which a table can be wrong is a difference', () => {
  const wrong: Partial<KafkaMessage>[] = [
    { validVersions: '0-5' },
    { flexibleVersions: '3+' },
    { fields: fields.toReversed() },
    { fields: fields.slice(1) },
    { fields: withField(1, { type: 'int64' }) },
    { fields: withField(1, { type: '[]int32' }) },
    { fields: withField(1, { default: '-1' }) },
    { fields: withField(1, { name: 'Generation' }) },
    { fields: withField(2, { nullableVersions: '4+' }) },
    { fields: withField(3, { versions: '2+' }) },
    { fields: withField(3, { taggedVersions: '4+', tag: 0 }) },
  ]
  for (const change of wrong) expect(compare(change), JSON.stringify(change)).not.toEqual([])
})

const { KAFKA_MESSAGES: messagesPath, KAFKA_TABLES: tablesPath } = process.env

if (messagesPath !== undefined) {
  test('every table and error code is the one of Kafka', () => {
    const tables: KafkaTables | undefined =
      tablesPath === undefined ? undefined : readJson(tablesPath)
    expect(compareProtocol(readJson<KafkaMessages>(messagesPath), tables)).toEqual([])
  })
}
