import { expect, test } from 'vitest'
import type { MetadataRecord, PartitionRecord } from '../records/records.ts'
import { changesBetween } from './changes.ts'
import { imageAfter, imageFromSnapshot, MetadataDelta } from './delta.ts'
import { describeImage } from './describe.ts'
import { MetadataImage } from './image.ts'
import { imageHash } from './image-hash.ts'

const topic = (topicId: string, name: string): MetadataRecord => ({ kind: 'topic', topicId, name })

function partition(topicId: string, partitionIndex: number): PartitionRecord {
  return {
    kind: 'partition',
    topicId,
    partitionIndex,
    replicas: [1, 2],
    isr: [1, 2],
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: 1,
    leaderRecoveryState: 'recovered',
    leaderEpoch: 0,
    partitionEpoch: 0,
  }
}

const nothingChanges = {
  isr: undefined,
  leader: undefined,
  replicas: undefined,
  addingReplicas: undefined,
  removingReplicas: undefined,
  leaderRecoveryState: undefined,
  elr: undefined,
  lastKnownElr: undefined,
} as const

const change = (topicId: string, to: object): MetadataRecord => ({
  kind: 'partitionChange',
  topicId,
  partitionIndex: 0,
  ...nothingChanges,
  ...to,
})

const config = (resourceName: string, name: string, value: string | undefined): MetadataRecord => ({
  kind: 'config',
  resourceType: 'topic',
  resourceName,
  name,
  value,
})

const broker = (brokerId: number, brokerEpoch: number): MetadataRecord => ({
  kind: 'registerBroker',
  brokerId,
  brokerEpoch,
  incarnationId: 'AQAAAAAAAAAAAAAAAAAAAQ',
  endpoints: [],
  features: [],
  zone: 'a',
  fenced: true,
  inControlledShutdown: false,
  logDirs: [],
})

function imageOf(...records: MetadataRecord[]): MetadataImage {
  return imageAfter(MetadataImage.empty, records, { offset: 1, epoch: 1 })
}

const next = { offset: 2, epoch: 1 }

test('a change costs nothing to topics it is not about', () => {
  const before = imageOf(topic('A', 'a'), partition('A', 0), topic('B', 'b'), partition('B', 0))
  const after = imageAfter(before, [change('A', { isr: [1] })], next)
  expect(after.topics.byName('b')).toBe(before.topics.byName('b'))
  expect(after.cluster).toBe(before.cluster)
  expect(after.configs).toBe(before.configs)
  expect(after.topics.partition('A', 0)?.isr).toEqual([1])
  expect(before.topics.partition('A', 0)?.isr).toEqual([1, 2])
})

test('a change of the ISR alone raises the partition epoch, a leader given raises both', () => {
  let image = imageOf(topic('A', 'a'), partition('A', 0))
  image = imageAfter(image, [change('A', { isr: [1] })], next)
  expect(image.topics.partition('A', 0)).toMatchObject({ leaderEpoch: 0, partitionEpoch: 1 })
  image = imageAfter(image, [change('A', { leader: 1 })], next)
  expect(image.topics.partition('A', 0)).toMatchObject({ leaderEpoch: 1, partitionEpoch: 2 })
})

test('a topic deleted and created again under its name has nothing of the old one', () => {
  const before = imageOf(
    topic('A', 'a'),
    partition('A', 0),
    partition('A', 1),
    config('a', 'retention.ms', '5'),
  )
  const records = [{ kind: 'removeTopic', topicId: 'A' } as const, topic('B', 'a')]
  const after = imageAfter(before, [...records, partition('B', 0)], next)
  expect(after.topics.byName('a')?.id).toBe('B')
  expect(after.topics.byId('A')).toBe(undefined)
  expect(after.topics.size).toBe(1)
  expect(after.topics.partitionCount).toBe(1)
  expect(after.configs.of('topic', 'a').size).toBe(0)
  const changes = changesBetween(before, after)
  expect(
    changes.topics.map(({ topicId, before: old, after: now }) => [topicId, !!old, !!now]),
  ).toEqual([
    ['A', true, false],
    ['B', false, true],
  ])
  expect(changes.configs).toEqual([{ type: 'topic', name: 'a' }])
})

test('a topic created and deleted by one entry was never there', () => {
  const image = imageOf(topic('A', 'a'), partition('A', 0), { kind: 'removeTopic', topicId: 'A' })
  expect(image.topics.size).toBe(0)
  expect(image.topics.byName('a')).toBe(undefined)
  expect(image.topics.partitionCount).toBe(0)
})

test('a config set and taken back leaves nothing behind', () => {
  const before = imageOf(topic('A', 'a'), config('a', 'retention.ms', '5'))
  const after = imageAfter(before, [config('a', 'retention.ms', undefined)], next)
  expect(after.configs.resources()).toEqual([])
  expect(imageHash(after)).toBe(imageHash(imageOf(topic('A', 'a'))))
})

test('records that do not fit the image are bugs', () => {
  const image = imageOf(topic('A', 'a'), partition('A', 0), broker(1, 5))
  const unfit: readonly (readonly [MetadataRecord, string])[] = [
    [topic('A', 'b'), 'a topic id is used once'],
    [topic('B', 'a'), 'a topic name is used once at a time'],
    [{ kind: 'removeTopic', topicId: 'B' }, 'only topics that exist are removed'],
    [partition('A', 2), 'partitions are added one after the other'],
    [partition('B', 0), 'a changed topic exists'],
    [change('A', { leader: 2, isr: [1] }), 'the leader is in the ISR'],
    [change('A', { isr: [1, 3] }), 'the ISR is among the replicas'],
    [change('A', { isr: [1, 1] }), 'the members of the ISR are distinct'],
    [change('A', { elr: [2] }), 'nobody is in ISR and ELR'],
    [change('A', { replicas: [1, 1, 2] }), 'replicas are distinct'],
    [broker(1, 4), 'the epoch of a broker never falls'],
    [{ kind: 'unregisterBroker', brokerId: 1, brokerEpoch: 4 }, 'the broker that leaves'],
    [
      {
        kind: 'brokerChange',
        brokerId: 1,
        brokerEpoch: 6,
        fenced: false,
        inControlledShutdown: undefined,
      },
      'this incarnation',
    ],
  ]
  for (const [record, invariant] of unfit) {
    expect(() => new MetadataDelta(image).replay(record)).toThrow(invariant)
  }
})

test('producer ids and positions never go back', () => {
  const ids = { kind: 'producerIds', brokerId: 1, brokerEpoch: 5 } as const
  const image = imageOf({ ...ids, nextProducerId: 2000 })
  const delta = new MetadataDelta(image)
  expect(() => delta.replay({ ...ids, nextProducerId: 1000 })).toThrow('never handed out twice')
  expect(() => imageAfter(image, [], { offset: 0, epoch: 1 })).toThrow('images go forward')
})

const everything: MetadataRecord[] = [
  { kind: 'featureLevel', name: 'group.version', level: 1 },
  broker(2, 7),
  broker(1, 5),
  topic('A', 'zebra'),
  partition('A', 0),
  partition('A', 1),
  topic('B', 'ant'),
  partition('B', 0),
  config('zebra', 'retention.ms', '5'),
  config('ant', 'cleanup.policy', 'compact'),
  { kind: 'producerIds', brokerId: 1, brokerEpoch: 5, nextProducerId: 1000 },
]

test('a snapshot gives the image it was made of', () => {
  const image = imageOf(...everything)
  const restored = imageFromSnapshot(image.toRecords(), image.position)
  expect(describeImage(restored)).toBe(describeImage(image))
  expect(imageHash(restored)).toBe(imageHash(image))
  expect(restored.toRecords()).toEqual(image.toRecords())
})

test('the hash does not depend on the way, and differs with every record', () => {
  const image = imageOf(...everything)
  const [feature, two, one, ...rest] = everything as [
    MetadataRecord,
    MetadataRecord,
    MetadataRecord,
  ]
  expect(imageHash(imageOf(one, two, feature, ...rest))).toBe(imageHash(image))
  expect(imageHash(image)).toMatch(/^[0-9a-f]{16}$/)
  const without = [feature, two, one, ...rest.slice(0, -1)]
  expect(imageHash(imageOf(...without))).not.toBe(imageHash(image))
})

test('an image prints as a tree', () => {
  expect(describeImage(imageOf(...everything))).toBe(
    [
      'metadata offset=1 epoch=1',
      'feature group.version=1',
      'broker 1 epoch=5 zone=a fenced',
      'broker 2 epoch=7 zone=a fenced',
      'topic ant',
      '  ant-0 leader=1 epoch=0/0 replicas=1,2 isr=1,2',
      'topic zebra',
      '  zebra-0 leader=1 epoch=0/0 replicas=1,2 isr=1,2',
      '  zebra-1 leader=1 epoch=0/0 replicas=1,2 isr=1,2',
      'config topic=ant cleanup.policy=compact',
      'config topic=zebra retention.ms=5',
      'producer-ids next=1000',
    ].join('\n'),
  )
})
