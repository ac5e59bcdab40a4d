// Where records go: the same places as Java's client and KafkaJS for keys, even shares without.

import { seededRandom } from '@klamm/base'
import { Partitioners } from 'kafkajs'
import { expect, test } from 'vitest'
import { legacyMurmur2, murmur2 } from './murmur2.ts'
import { type PartitionerName, partitionerNamed } from './named.ts'
import type { Partitioner, PartitionsView, RecordToPlace } from './partitioner.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

function record(more: Partial<RecordToPlace> = {}): RecordToPlace {
  return { topic: 'orders', key: null, value: null, headers: undefined, sizeInBytes: 100, ...more }
}

function view(count: number, more: Partial<PartitionsView> = {}): PartitionsView {
  const available = Array.from({ length: count }, (_, partition) => partition)
  return { count, available, queuedBytes: () => 0, ...more }
}

function named(name: PartitionerName, runBytes = 1000): Partitioner {
  const partitioner = partitionerNamed(name, runBytes, seededRandom(1))
  if (partitioner === undefined) throw new Error(`no partitioner ${name}`)
  return partitioner
}

// The values that Kafka's own tests have for its Utils.murmur2.
const fromJava: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

test('murmur2 gives what Java’s client gives', () => {
  for (const [text, hash] of fromJava) expect([text, murmur2(encode(text))]).toEqual([text, hash])
})

const keys = Array.from({ length: 500 }, (_, i) => {
  const random = seededRandom(i)
  return random.bytes(random.below(40))
})

function placesOfKafkaJs(make: typeof Partitioners.DefaultPartitioner, count: number): number[] {
  const partition = make()
  const partitionMetadata = view(count).available.map(partitionId => ({
    partitionId,
    leader: 1,
    partitionErrorCode: 0,
    replicas: [],
    isr: [],
  }))
  return keys.map(key => {
    return partition({
      topic: 'orders',
      partitionMetadata,
      message: { key: Buffer.from(key), value: null },
    })
  })
}

test('keys go where KafkaJS’s default partitioner puts them', () => {
  const partitioner = named('murmur2')
  for (const count of [1, 3, 7, 64]) {
    const places = keys.map(key => partitioner.partition(record({ key }), view(count)))
    expect(places).toEqual(placesOfKafkaJs(Partitioners.DefaultPartitioner, count))
  }
})

test('keys go where KafkaJS’s legacy partitioner puts them', () => {
  const partitioner = named('kafkajsLegacy')
  for (const count of [1, 3, 7, 64]) {
    const places = keys.map(key => partitioner.partition(record({ key }), view(count)))
    expect(places).toEqual(placesOfKafkaJs(Partitioners.LegacyPartitioner, count))
  }
  expect(keys.some(key => legacyMurmur2(key) !== murmur2(key))).toBe(true)
})

test('a key has its place whether or not its partition has a leader; an empty key is a key', () => {
  const partitioner = named('murmur2')
  const key = encode('21')
  const anywhere = partitioner.partition(record({ key }), view(5))
  const others = [0, 1, 2, 3, 4].filter(partition => partition !== anywhere)
  expect(partitioner.partition(record({ key }), view(5, { available: others }))).toBe(anywhere)
  const empty = Array.from({ length: 20 }, () => {
    return partitioner.partition(record({ key: new Uint8Array(), sizeInBytes: 900 }), view(5))
  })
  expect(new Set(empty).size).toBe(1)
})

test('without a key a run of bytes goes to one partition, the next run to another', () => {
  const partitioner = named('murmur2', 1000)
  const places = Array.from({ length: 60 }, () => partitioner.partition(record(), view(4)))
  for (let run = 0; run < 6; run++) {
    const of = places.slice(run * 10, run * 10 + 10)
    expect(new Set(of).size).toBe(1)
    if (run > 0) expect(of[0]).not.toBe(places[run * 10 - 1])
  }
})

test('sticky looks at no key', () => {
  const partitioner = named('sticky', 1000)
  const places = keys.slice(0, 10).map(key => partitioner.partition(record({ key }), view(4)))
  expect(new Set(places).size).toBe(1)
})

test('runs are shared evenly, and a partition with much waiting gets fewer', () => {
  const even = new Array<number>(4).fill(0)
  const partitioner = named('sticky', 100)
  for (let i = 0; i < 4000; i++) (even[partitioner.partition(record(), view(4))] as number) += 1
  for (const count of even) expect(count).toBeGreaterThan(900)
  const slow = new Array<number>(4).fill(0)
  const queuedBytes = (partition: number): number => (partition === 0 ? 1000 : 0)
  for (let i = 0; i < 4000; i++) {
    ;(slow[partitioner.partition(record(), view(4, { queuedBytes }))] as number) += 1
  }
  expect(slow[0]).toBeLessThan(500)
  expect(slow[0]).toBeGreaterThan(0)
})

test('without a key a partition that lost its leader is left at once, a new one is used', () => {
  const partitioner = named('sticky', 1_000_000)
  const first = partitioner.partition(record(), view(3))
  const others = [0, 1, 2].filter(partition => partition !== first)
  const second = partitioner.partition(record(), view(3, { available: others }))
  expect(others).toContain(second)
  // None has a leader: it stays, for the records have to wait anyway.
  expect(partitioner.partition(record(), view(3, { available: [] }))).toBe(second)
  const grown = named('sticky', 100)
  const places = Array.from({ length: 200 }, () => grown.partition(record(), view(6)))
  expect(new Set(places).size).toBe(6)
})

test('topics do not disturb each other', () => {
  const partitioner = named('sticky', 1000)
  const first = partitioner.partition(record(), view(50))
  partitioner.partition(record({ topic: 'other' }), view(50))
  expect(partitioner.partition(record(), view(50))).toBe(first)
})

test('round robin goes around those that have a leader', () => {
  const partitioner = named('roundRobin')
  const places = Array.from({ length: 6 }, () => partitioner.partition(record(), view(3)))
  expect(places.slice(3)).toEqual(places.slice(0, 3))
  expect(new Set(places).size).toBe(3)
  const some = Array.from({ length: 4 }, () => {
    return partitioner.partition(record(), view(3, { available: [0, 2] }))
  })
  expect(new Set(some)).toEqual(new Set([0, 2]))
  expect(partitioner.partition(record(), view(3, { available: [] }))).toBeLessThan(3)
})

test('there is no partitioner of another name', () => {
  expect(partitionerNamed('toString' as PartitionerName, 1, seededRandom(1))).toBeUndefined()
})
