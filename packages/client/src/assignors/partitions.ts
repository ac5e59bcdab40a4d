// Sets of partitions by topic, as assignments are told. Never changed once made; topics and
// partitions are in ascending order, so that equal sets look equal.

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Topic → its partitions, ascending. No topic is without partitions. */
export type Partitions = ReadonlyMap<string, readonly number[]>

export const noPartitions: Partitions = new Map()

/** From a list in any order; a partition that is there twice counts once. */
export function partitionsOf(list: Iterable<TopicPartition>): Partitions {
  const byTopic = new Map<string, Set<number>>()
  for (const { topic, partition } of list) {
    const known = byTopic.get(topic)
    if (known === undefined) byTopic.set(topic, new Set([partition]))
    else known.add(partition)
  }
  const topics = [...byTopic.keys()].sort(compareText)
  return new Map(
    topics.map(topic => [topic, [...(byTopic.get(topic) ?? [])].sort((a, b) => a - b)]),
  )
}

/** Topic by topic, each partition in ascending order. */
export function listOf(partitions: Partitions): TopicPartition[] {
  const list: TopicPartition[] = []
  for (const [topic, numbers] of partitions) {
    for (const partition of numbers) list.push({ topic, partition })
  }
  return list
}

export function countOf(partitions: Partitions): number {
  let count = 0
  for (const numbers of partitions.values()) count += numbers.length
  return count
}

export function hasPartition(partitions: Partitions, topic: string, partition: number): boolean {
  return partitions.get(topic)?.includes(partition) ?? false
}

/** What is in `a` and not in `b`. */
export function difference(a: Partitions, b: Partitions): Partitions {
  return partitionsOf(
    listOf(a).filter(({ topic, partition }) => !hasPartition(b, topic, partition)),
  )
}

/** `orders-0 orders-1 users-3`; `none` when there are none. For logs and tests. */
export function partitionsText(partitions: Partitions): string {
  const list = listOf(partitions)
  if (list.length === 0) return 'none'
  return list.map(({ topic, partition }) => `${topic}-${partition}`).join(' ')
}

/** By code units, as Java compares strings; never by the locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
