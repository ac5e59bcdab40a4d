// Forms written by hand, so that a field that moves is noticed: it would make logs unreadable.

import { expect, test } from 'vitest'
import type { MetadataRecord } from './records.ts'
import { batchFromPlain, batchToPlain, fromPlain, type Plain, toPlain } from './registry.ts'

const forms: readonly (readonly [MetadataRecord, Plain])[] = [
  [
    {
      kind: 'registerBroker',
      brokerId: 3,
      brokerEpoch: 17,
      incarnationId: 'AQAAAAAAAAAAAAAAAAAAAQ',
      endpoints: [{ listener: 'CLIENT', host: 'h', port: 9092, securityProtocol: 0 }],
      features: [{ name: 'group.version', minLevel: 0, maxLevel: 1 }],
      zone: undefined,
      fenced: true,
      inControlledShutdown: false,
      logDirs: ['d'],
    },
    [
      27,
      0,
      3,
      17,
      'AQAAAAAAAAAAAAAAAAAAAQ',
      [['CLIENT', 'h', 9092, 0]],
      [['group.version', 0, 1]],
      null,
      true,
      false,
      ['d'],
    ],
  ],
  [{ kind: 'unregisterBroker', brokerId: 3, brokerEpoch: 17 }, [1, 0, 3, 17]],
  [
    {
      kind: 'brokerChange',
      brokerId: 3,
      brokerEpoch: 17,
      fenced: false,
      inControlledShutdown: undefined,
    },
    [17, 0, 3, 17, false, null],
  ],
  [{ kind: 'topic', topicId: 'id', name: 't' }, [2, 0, 'id', 't']],
  [{ kind: 'removeTopic', topicId: 'id' }, [9, 0, 'id']],
  [
    {
      kind: 'partition',
      topicId: 'id',
      partitionIndex: 1,
      replicas: [1, 2, 3],
      isr: [1],
      elr: [2],
      lastKnownElr: [],
      addingReplicas: [3],
      removingReplicas: [],
      leader: 1,
      leaderRecoveryState: 'recovering',
      leaderEpoch: 5,
      partitionEpoch: 6,
    },
    [3, 0, 'id', 1, [1, 2, 3], [1], [2], [], [3], [], 1, 1, 5, 6],
  ],
  [
    {
      kind: 'partitionChange',
      topicId: 'id',
      partitionIndex: 1,
      isr: [],
      leader: -1,
      replicas: undefined,
      addingReplicas: undefined,
      removingReplicas: undefined,
      leaderRecoveryState: 'recovered',
      elr: [1, 2],
      lastKnownElr: [1],
    },
    [5, 0, 'id', 1, [], -1, null, null, null, 0, [1, 2], [1]],
  ],
  [
    { kind: 'config', resourceType: 'broker', resourceName: '', name: 'n', value: undefined },
    [4, 0, 1, '', 'n', null],
  ],
  [{ kind: 'producerIds', brokerId: 1, brokerEpoch: 2, nextProducerId: 3000 }, [15, 0, 1, 2, 3000]],
  [{ kind: 'featureLevel', name: 'group.version', level: 1 }, [12, 0, 'group.version', 1]],
  [{ kind: 'noOp' }, [20, 0]],
]

for (const [record, plain] of forms) {
  test(`a ${record.kind} record has the same plain form for ever`, () => {
    expect(toPlain(record)).toEqual(plain)
    expect(fromPlain(plain)).toEqual(record)
    expect(fromPlain(JSON.parse(JSON.stringify(plain)))).toEqual(record)
  })
}

test('the records of an entry keep their order', () => {
  const records = forms.map(([record]) => record)
  expect(batchFromPlain(batchToPlain(records))).toEqual(records)
})

test('a record of an unknown type or version is refused loudly', () => {
  expect(() => fromPlain([99, 0])).toThrow('type of a metadata record is known: 99')
  expect(() => fromPlain(['2', 0, 'id', 't'])).toThrow('type of a metadata record is known')
  expect(() => fromPlain([2, 1, 'id', 't'])).toThrow('topic version 1')
  expect(() => fromPlain({})).toThrow('is a list')
  expect(() => batchFromPlain([[2, 0, 'id', 't'], null])).toThrow('is a list')
  expect(() => batchFromPlain('')).toThrow('is a list of records')
})

test('a record with a wrong field is refused loudly, whichever field it is', () => {
  for (const [, plain] of forms) {
    const values = plain as Plain[]
    for (let index = 0; index < values.length; index++) {
      const wrong = values.slice()
      wrong[index] = { nobody: 'expects this' } as unknown as Plain
      expect(() => fromPlain(wrong)).toThrow()
    }
    expect(() => fromPlain([...values, 1])).toThrow('has all its fields')
    if (values.length > 2) expect(() => fromPlain(values.slice(0, -1))).toThrow('all its fields')
  }
})

test('what no record may hold is not written either', () => {
  expect(() => toPlain({ kind: 'topic', topicId: 'id', name: undefined as never })).toThrow(
    'topic.name',
  )
  const level = Number.MAX_SAFE_INTEGER + 1
  expect(() => toPlain({ kind: 'featureLevel', name: 'f', level })).toThrow('featureLevel.level')
})
