// What catching up costs with this client, KafkaJS and @platformatic/kafka: each reads the same
// topic from its beginning, message by message, in turns. The brokers run in threads of their own
// and keep everything in memory.

import { Kafka } from '@klamm/client'
import { startCluster } from '@klamm/cluster'
import { Consumer as Platformatic } from '@platformatic/kafka'
import { Kafka as KafkaJs, logLevel } from 'kafkajs'
import type { Comparison } from './compare.ts'

interface Load {
  /** Bytes of one value. */
  readonly valueBytes: number
  readonly records: number
}

const loads: readonly Load[] = [
  { valueBytes: 100, records: 300_000 },
  { valueBytes: 1_024, records: 100_000 },
]

const partitions = 3
const recordsPerSend = 1_000

interface Reader {
  readonly name: string
  /** Reads so many messages from the beginning. */
  read(count: number): Promise<void>
  close(): Promise<void>
}

/** The cluster serves all comparisons and ends with the last. */
export async function comparisons(): Promise<Comparison[]> {
  const cluster = await startCluster({
    mode: 'worker',
    durability: 'memory',
    zones: 1,
    logLevel: 'error',
    config: { 'num.partitions': partitions, 'group.initial.rebalance.delay.ms': 0 },
  })
  await cluster.ready()
  const brokers = cluster.bootstrapServers
  let open = loads.length
  const made: Comparison[] = []
  for (const { valueBytes, records } of loads) {
    const topic = `read-${valueBytes}`
    await fill(brokers, topic, valueBytes, records)
    const readers = [
      await kafkaJs(brokers, topic),
      platformatic(brokers, topic),
      await klamm(brokers, topic),
    ]
    made.push({
      name: `${records} records of ${valueBytes} B`,
      variants: readers.map(({ name, read }) => ({ name, run: () => read(records) })),
      async close() {
        await Promise.all(readers.map(reader => reader.close()))
        open -= 1
        if (open === 0) await cluster.close()
      },
    })
  }
  return made
}

async function fill(
  brokers: readonly string[],
  topic: string,
  valueBytes: number,
  records: number,
): Promise<void> {
  await using producer = new Kafka({ brokers }).producer({ partitioner: 'roundRobin' })
  const value = Buffer.alloc(valueBytes, 'x')
  const messages = Array.from({ length: recordsPerSend }, () => ({ value }))
  for (let sent = 0; sent < records; sent += recordsPerSend)
    await producer.send({ topic, messages })
}

/** Counts down and tells when nothing is left. */
class Countdown {
  #left = 0
  #done = Promise.withResolvers<void>()

  start(count: number): Promise<void> {
    this.#left = count
    this.#done = Promise.withResolvers()
    return this.#done.promise
  }

  count(): void {
    this.#left -= 1
    if (this.#left === 0) this.#done.resolve()
  }
}

async function kafkaJs(brokers: readonly string[], topic: string): Promise<Reader> {
  const kafka = new KafkaJs({ brokers: [...brokers], logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: `kafkajs-${topic}`, maxWaitTimeInMs: 50 })
  const countdown = new Countdown()
  const joined = Promise.withResolvers<void>()
  consumer.on(consumer.events.GROUP_JOIN, () => joined.resolve())
  await consumer.subscribe({ topic, fromBeginning: false })
  await consumer.run({ autoCommit: false, eachMessage: async () => countdown.count() })
  await joined.promise
  return {
    name: 'kafkajs',
    read(count) {
      const done = countdown.start(count)
      for (let partition = 0; partition < partitions; partition++) {
        consumer.seek({ topic, partition, offset: '0' })
      }
      return done
    },
    close: () => consumer.disconnect(),
  }
}

function platformatic(brokers: readonly string[], topic: string): Reader {
  const consumer = new Platformatic({
    clientId: 'bench',
    groupId: `platformatic-${topic}`,
    bootstrapBrokers: [...brokers],
    autocommit: false,
    maxWaitTime: 50,
  })
  const offsets = Array.from({ length: partitions }, (_, partition) => {
    return { topic, partition, offset: 0n }
  })
  return {
    name: '@platformatic/kafka',
    async read(count) {
      const stream = await consumer.consume({ topics: [topic], mode: 'manual', offsets })
      const countdown = new Countdown()
      const done = countdown.start(count)
      stream.on('data', () => countdown.count())
      await done
      await stream.close()
    },
    close: () => consumer.close(true),
  }
}

async function klamm(brokers: readonly string[], topic: string): Promise<Reader> {
  const consumer = new Kafka({ brokers }).consumer({
    groupId: `klamm-${topic}`,
    topics: [topic],
    autoCommit: false,
  })
  const countdown = new Countdown()
  const running = consumer.run({ eachMessage: () => countdown.count() })
  await consumer.joined()
  return {
    name: '@klamm/client',
    read(count) {
      const done = countdown.start(count)
      for (let partition = 0; partition < partitions; partition++) {
        consumer.seek({ topic, partition, offset: 0 })
      }
      return done
    },
    async close() {
      await consumer.close()
      await running
    },
  }
}
