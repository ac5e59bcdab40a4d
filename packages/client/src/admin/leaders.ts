// Requests about partitions go to the broker that leads each, as far as it is known.

import { errorNameOf, isInvalidMetadata } from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import type { TopicInfo } from '../metadata/topic-info.ts'
import { askEach, groupedBy, isOfItem, unique } from './answers.ts'
import type { Deadline } from './call.ts'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Asks the leaders of partitions, each for its share. What turned out to be wrong is forgotten. */
export async function askLeaders<K extends TopicPartition, T>(
  core: ClientCore,
  partitions: readonly K[],
  deadline: Deadline,
  ask: (brokerId: number, share: readonly K[]) => Promise<ReadonlyMap<K, T | KafkaError>>,
): Promise<Map<K, T | KafkaError>> {
  const leaders = await leadersOf(core, partitions, deadline)
  const led: K[] = []
  const results = new Map<K, T | KafkaError>()
  for (const [partition, leader] of leaders) {
    if (KafkaError.is(leader)) results.set(partition, leader)
    else led.push(partition)
  }
  const shares = groupedBy(led, partition => leaders.get(partition) as number)
  const doubt = (share: readonly K[]): void => {
    for (const topic of unique(share.map(each => each.topic))) core.metadata.invalidate(topic)
  }
  const answers = await askEach(shares, ask, doubt)
  for (const [partition, answer] of answers) {
    if (KafkaError.is(answer) && isAboutLeader(answer)) doubt([partition])
    results.set(partition, answer)
  }
  return results
}

async function leadersOf<K extends TopicPartition>(
  core: ClientCore,
  partitions: readonly K[],
  { signal, remainingMs }: Deadline,
): Promise<Map<K, number | KafkaError>> {
  const names = unique(partitions.map(({ topic }) => topic))
  const known = new Map<string, TopicInfo | KafkaError>()
  const learn = async (name: string): Promise<void> => {
    try {
      known.set(name, await core.metadata.topic(name, { signal, timeoutMs: remainingMs() }))
    } catch (error) {
      if (!isOfItem(error)) throw error
      known.set(name, error)
    }
  }
  await Promise.all(names.map(learn))
  const leaders = new Map<K, number | KafkaError>()
  for (const each of partitions) {
    const topic = known.get(each.topic)
    if (topic === undefined || KafkaError.is(topic)) {
      leaders.set(each, topic ?? noPartition(each))
      continue
    }
    const leaderId = topic.partitions[each.partition]?.leaderId
    if (leaderId === undefined || leaderId === -1) core.metadata.invalidate(each.topic)
    leaders.set(each, leaderId === -1 ? noLeader(each) : (leaderId ?? noPartition(each)))
  }
  return leaders
}

/** Whether what we know of the partition was wrong. */
function isAboutLeader({ errno }: KafkaError): boolean {
  return errno !== undefined && isInvalidMetadata(errorNameOf(errno))
}

function noPartition({ topic, partition }: TopicPartition): KafkaError {
  const message = `${topic} has no partition ${partition}`
  return new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', message, { topic, partition })
}

function noLeader({ topic, partition }: TopicPartition): KafkaError {
  const message = `${topic}-${partition} has no leader`
  return new KafkaError('LEADER_NOT_AVAILABLE', message, { topic, partition })
}
