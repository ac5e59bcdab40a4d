// A map that never changes: an update returns another map that shares all but the touched buckets.
// What makes a new image cost as much as the change and not as much as the cluster.

import { present } from '@klamm/base'

/** Average entries of a bucket before the number of buckets doubles. */
const entriesPerBucket = 16

const fewestBuckets = 16

type Bucket<V> = ReadonlyMap<string, V>

/** What differs between two maps at one key; undefined: not there. */
export interface MapDifference<V> {
  readonly key: string
  readonly before: V | undefined
  readonly after: V | undefined
}

/** Values must not be undefined: that is absence. The order of iteration says nothing. */
export class PersistentMap<V> {
  readonly #buckets: readonly Bucket<V>[]
  readonly size: number

  private constructor(buckets: readonly Bucket<V>[], size: number) {
    this.#buckets = buckets
    this.size = size
  }

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>(emptyBuckets(fewestBuckets), 0)
  }

  get(key: string): V | undefined {
    return this.#bucket(key).get(key)
  }

  has(key: string): boolean {
    return this.#bucket(key).has(key)
  }

  /** The map after `changes`, where undefined removes. */
  with(changes: ReadonlyMap<string, V | undefined>): PersistentMap<V> {
    if (changes.size === 0) return this
    const buckets = this.#grown(this.size + changes.size)
    const own = new Set<number>()
    let size = this.size
    for (const [key, value] of changes) {
      const index = bucketOf(key, buckets.length)
      let bucket = present(buckets[index], 'every hash has a bucket')
      if (!own.has(index)) {
        bucket = new Map(bucket)
        buckets[index] = bucket
        own.add(index)
      }
      size -= bucket.size
      if (value === undefined) bucket.delete(key)
      else bucket.set(key, value)
      size += bucket.size
    }
    return new PersistentMap<V>(buckets, size)
  }

  *[Symbol.iterator](): Generator<readonly [string, V]> {
    for (const bucket of this.#buckets) yield* bucket
  }

  *values(): Generator<V> {
    for (const bucket of this.#buckets) yield* bucket.values()
  }

  /** Keys, sorted by their UTF-16 units: the same for equal maps. */
  sortedKeys(): string[] {
    const keys: string[] = []
    for (const bucket of this.#buckets) for (const key of bucket.keys()) keys.push(key)
    return keys.sort()
  }

  /** Where `after` differs from this map by identity of values. Shared buckets cost nothing. */
  differences(after: PersistentMap<V>): MapDifference<V>[] {
    const found: MapDifference<V>[] = []
    if (this === after) return found
    if (this.#buckets.length !== after.#buckets.length) {
      for (const [key, value] of this) compare(key, value, after.get(key), found)
      for (const [key, value] of after) if (!this.has(key)) compare(key, undefined, value, found)
      return found
    }
    for (let i = 0; i < this.#buckets.length; i++) {
      const old = present(this.#buckets[i], 'every index below the length has a bucket')
      const now = present(after.#buckets[i], 'both maps have the same buckets')
      if (old === now) continue
      for (const [key, value] of old) compare(key, value, now.get(key), found)
      for (const [key, value] of now) if (!old.has(key)) compare(key, undefined, value, found)
    }
    return found
  }

  #bucket(key: string): Bucket<V> {
    return present(this.#buckets[bucketOf(key, this.#buckets.length)], 'every hash has a bucket')
  }

  /** A copy of the list of buckets, with enough of them for `size` entries. */
  #grown(size: number): Map<string, V>[] {
    let count = this.#buckets.length
    // The maps are only written after they have been copied; see `with`.
    if (size <= count * entriesPerBucket) return this.#buckets.slice() as Map<string, V>[]
    while (size > count * entriesPerBucket) count *= 2
    const buckets = emptyBuckets<V>(count)
    for (const [key, value] of this) {
      present(buckets[bucketOf(key, count)], 'every hash has a bucket').set(key, value)
    }
    return buckets
  }
}

function emptyBuckets<V>(count: number): Map<string, V>[] {
  return Array.from({ length: count }, () => new Map<string, V>())
}

function compare<V>(
  key: string,
  before: V | undefined,
  after: V | undefined,
  found: MapDifference<V>[],
): void {
  if (before !== after) found.push({ key, before, after })
}

/** FNV-1a over UTF-16 units; `count` is a power of two. */
function bucketOf(key: string, count: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 15)) & (count - 1)
}
