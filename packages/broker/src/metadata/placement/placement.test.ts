import { seededRandom } from '@klamm/base'
import { expect, test } from 'vitest'
import { type ExistingReplicas, type PlacementBroker, placeReplicas } from './placement.ts'

interface Wanted {
  readonly brokers: readonly PlacementBroker[]
  readonly partitionCount: number
  readonly replicationFactor: number
  readonly existing?: ExistingReplicas
  readonly seed?: string
}

function place({ brokers, partitionCount, replicationFactor, existing = [], seed = 's' }: Wanted) {
  const request = { brokers, partitionCount, replicationFactor, existing }
  const placement = placeReplicas(request, seededRandom(seed))
  if (placement.kind === 'impossible') return expect.fail(placement.reason)
  return placement.replicas
}

/** `a: 2, b: 1` is brokers 1 and 2 in zone a, 3 in zone b. */
function zones(sizes: Readonly<Record<string, number>>, fenced: readonly number[] = []) {
  const brokers: PlacementBroker[] = []
  for (const [zone, size] of Object.entries(sizes)) {
    for (let i = 0; i < size; i++) {
      const id = brokers.length + 1
      brokers.push({ id, zone, fenced: fenced.includes(id) })
    }
  }
  return brokers
}

function counts(ids: readonly (number | undefined)[]): number[] {
  const byId = new Map<number | undefined, number>()
  for (const id of ids) byId.set(id, (byId.get(id) ?? 0) + 1)
  return [...byId.values()].sort((a, b) => a - b)
}

test('no broker has two replicas of a partition, and every partition has all its replicas', () => {
  const brokers = zones({ a: 3, b: 2, c: 4 })
  for (let replicationFactor = 1; replicationFactor <= 9; replicationFactor++) {
    const placed = place({ brokers, partitionCount: 50, replicationFactor })
    expect(placed.length).toBe(50)
    for (const ids of placed) expect(new Set(ids).size).toBe(replicationFactor)
  }
})

test('the replicas of a partition are spread over as many zones as there are', () => {
  const brokers = zones({ a: 3, b: 2, c: 4 })
  const zoneOf = new Map(brokers.map(({ id, zone }) => [id, zone]))
  for (let replicationFactor = 1; replicationFactor <= 6; replicationFactor++) {
    for (const ids of place({ brokers, partitionCount: 60, replicationFactor })) {
      const perZone = counts(ids.map(id => zoneOf.get(id) as unknown as number))
      expect(perZone.length).toBe(Math.min(3, replicationFactor))
      expect((perZone.at(-1) ?? 0) - (perZone[0] ?? 0)).toBeLessThanOrEqual(1)
    }
  }
})

test('leaders are spread evenly over the brokers, and so are replicas in even zones', () => {
  const brokers = zones({ a: 2, b: 2, c: 2 })
  const placed = place({ brokers, partitionCount: 60, replicationFactor: 3 })
  expect(counts(placed.map(ids => ids[0]))).toEqual([10, 10, 10, 10, 10, 10])
  expect(counts(placed.flat())).toEqual([30, 30, 30, 30, 30, 30])
})

test('when a broker is lost, its leaderships go to several others', () => {
  const brokers = zones({ a: 5 })
  const placed = place({ brokers, partitionCount: 100, replicationFactor: 3 })
  const heirs = placed.filter(ids => ids[0] === 1).map(ids => ids[1])
  expect(new Set(heirs).size).toBe(4)
})

test('topics of one partition go to different brokers', () => {
  const brokers = zones({ a: 3 })
  const leaders = Array.from({ length: 90 }, (_, index) => {
    const seed = `topic ${index}`
    return place({ brokers, partitionCount: 1, replicationFactor: 2, seed })[0]?.[0]
  })
  const [least = 0] = counts(leaders)
  expect(new Set(leaders).size).toBe(3)
  expect(least).toBeGreaterThan(15)
})

test('added partitions balance those that are there', () => {
  const brokers = zones({ a: 1, b: 1, c: 1 })
  const existing = [
    [1, 2],
    [1, 3],
  ]
  const placed = place({ brokers, partitionCount: 4, replicationFactor: 2, existing })
  expect(counts([...existing, ...placed].map(ids => ids[0]))).toEqual([2, 2, 2])
})

test('a fenced broker gets replicas only when there are not enough others, and never leads', () => {
  const brokers = zones({ a: 1, b: 1, c: 1 }, [2])
  for (const ids of place({ brokers, partitionCount: 30, replicationFactor: 2 })) {
    expect(ids.includes(2)).toBe(false)
  }
  for (const ids of place({ brokers, partitionCount: 30, replicationFactor: 3 })) {
    expect(ids[2]).toBe(2)
  }
})

test('brokers without a zone are one zone', () => {
  const brokers = [1, 2].map(id => ({ id, zone: undefined, fenced: false }))
  const all = [...brokers, { id: 3, zone: 'a', fenced: false }]
  for (const ids of place({ brokers: all, partitionCount: 20, replicationFactor: 2 })) {
    expect(ids.includes(3)).toBe(true)
  }
})

test('what cannot be is refused in words', () => {
  const request = { partitionCount: 1, replicationFactor: 3, existing: [] }
  const placement = placeReplicas({ ...request, brokers: zones({ a: 2 }) }, seededRandom(1))
  expect(placement).toMatchObject({
    kind: 'impossible',
    reason: expect.stringContaining('only 2 broker(s) are registered'),
  })
  const fenced = placeReplicas({ ...request, brokers: zones({ a: 3 }, [1, 2, 3]) }, seededRandom(1))
  expect(fenced.kind).toBe('impossible')
})

test('the same seed gives the same placement, another one another', () => {
  const wanted = { brokers: zones({ a: 3, b: 3 }), partitionCount: 20, replicationFactor: 2 }
  expect(place(wanted)).toEqual(place(wanted))
  expect(place({ ...wanted, seed: 'other' })).not.toEqual(place(wanted))
})
