// Runs programs in KafkaJS's words on KafkaJS and on our entry for them, and compares results.

import * as ours from '@klamm/client/kafkajs'
import type { Cluster } from '@klamm/cluster'
import theirs from 'kafkajs'
import { expect } from 'vitest'
import { eventually } from './test-cluster.ts'

/** KafkaJS's types are what a program is written against. */
export type Library = typeof theirs

const libraries: readonly (readonly [string, Library])[] = [
  ['kafkajs', theirs],
  ['klamm', ours as unknown as Library],
]

export const until = (isDone: () => boolean, what: string) =>
  eventually(async () => (isDone() ? true : undefined), what)

export const timestamp = '1700000000000'
export const maxWaitTimeInMs = 100

export interface Programs {
  kafkaOf(library: Library): theirs.Kafka
  newTopic(topic: string, numPartitions: number): Promise<string>
  same<T>(
    name: string,
    partitions: number,
    program: (library: Library, topic: string) => Promise<T>,
  ): Promise<T>
  fill(library: Library, topic: string, count: number): Promise<void>
}

/** The cluster is asked for when a program runs. */
export function programsOn(clusterOf: () => Cluster): Programs {
  function kafkaOf(library: Library): theirs.Kafka {
    return new library.Kafka({
      clientId: 'program',
      brokers: [...clusterOf().bootstrapServers],
      logLevel: library.logLevel.NOTHING,
      retry: { retries: 3, initialRetryTime: 50 },
    })
  }

  async function newTopic(topic: string, numPartitions: number): Promise<string> {
    const admin = kafkaOf(theirs).admin()
    await admin.connect()
    await admin.createTopics({
      topics: [{ topic, numPartitions, replicationFactor: 3 }],
      waitForLeaders: true,
    })
    await admin.disconnect()
    return topic
  }

  /** Runs the program with each library, on a topic of its own, and compares what it gives. */
  async function same<T>(
    name: string,
    partitions: number,
    program: (library: Library, topic: string) => Promise<T>,
  ): Promise<T> {
    const results: T[] = []
    for (const [libraryName, library] of libraries) {
      results.push(await program(library, await newTopic(`${name}-${libraryName}`, partitions)))
    }
    expect(results[1]).toEqual(results[0])
    return results[1] as T
  }

  async function fill(library: Library, topic: string, count: number): Promise<void> {
    const producer = kafkaOf(library).producer()
    await producer.connect()
    const messages = Array.from({ length: count }, (_, i) => {
      return { key: `k${i}`, value: `v${i}`, timestamp, partition: 0 }
    })
    await producer.send({ topic, messages })
    await producer.disconnect()
  }

  return { kafkaOf, newTopic, same, fill }
}
