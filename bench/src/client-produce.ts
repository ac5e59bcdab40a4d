// What producing costs with this client, KafkaJS and @platformatic/kafka: the same records to the
// same cluster, acknowledged by all replicas, in turns. The brokers run in threads of their own and
// keep everything in memory.

import { Kafka } from '@klamm/client'
import { startCluster } from '@klamm/cluster'
import { Producer as Platformatic, ProduceAcks } from '@platformatic/kafka'
import { Kafka as KafkaJs, logLevel } from 'kafkajs'
import type { Comparison, Variant } from './compare.ts'

interface Load {
  readonly name: string
  /** Bytes of one value. */
  readonly valueBytes: number
  /** Calls made at once, then waited for. */
  readonly calls: number
  readonly recordsPerCall: number
}

const loads: readonly Load[] = [
  { name: '10 sends of 1,000 records', valueBytes: 100, calls: 10, recordsPerCall: 1_000 },
  { name: '10 sends of 200 records', valueBytes: 1_024, calls: 10, recordsPerCall: 200 },
  { name: '500 sends of one record', valueBytes: 100, calls: 500, recordsPerCall: 1 },
  { name: 'one send of one record', valueBytes: 100, calls: 1, recordsPerCall: 1 },
]

interface Client {
  readonly name: string
  send(topic: string, messages: readonly { readonly value: Buffer }[]): Promise<unknown>
  close(): Promise<void>
}

const partitions = 6

/** The cluster serves all comparisons and ends with the last. */
export async function comparisons(): Promise<Comparison[]> {
  const cluster = await startCluster({
    mode: 'worker',
    durability: 'memory',
    zones: 1,
    logLevel: 'error',
    config: { 'num.partitions': partitions, 'retention.bytes': 64 * 1024 * 1024 },
  })
  await cluster.ready()
  const clients = await openClients(cluster.bootstrapServers)
  let open = loads.length
  return loads.map((load, index) => ({
    name: `${load.name} of ${load.valueBytes} B`,
    variants: clients.map(client => variant(client, load, `load-${index}`)),
    async close() {
      open -= 1
      if (open > 0) return
      await Promise.all(clients.map(client => client.close()))
      await cluster.close()
    },
  }))
}

function variant(client: Client, load: Load, topic: string): Variant {
  const value = Buffer.alloc(load.valueBytes, 'x')
  const messages = Array.from({ length: load.recordsPerCall }, () => ({ value }))
  return {
    name: client.name,
    run: async () => {
      const sends: Promise<unknown>[] = []
      for (let i = 0; i < load.calls; i++) sends.push(client.send(topic, messages))
      await Promise.all(sends)
    },
  }
}

async function openClients(brokers: readonly string[]): Promise<Client[]> {
  return [await kafkaJs(brokers), platformatic(brokers), klamm(brokers)]
}

async function kafkaJs(brokers: readonly string[]): Promise<Client> {
  const kafka = new KafkaJs({ brokers: [...brokers], logLevel: logLevel.NOTHING })
  const producer = kafka.producer()
  await producer.connect()
  return {
    name: 'kafkajs',
    send: (topic, messages) => producer.send({ topic, messages: [...messages], acks: -1 }),
    close: () => producer.disconnect(),
  }
}

function platformatic(brokers: readonly string[]): Client {
  const producer = new Platformatic({
    clientId: 'bench',
    bootstrapBrokers: [...brokers],
    autocreateTopics: true,
  })
  return {
    name: '@platformatic/kafka',
    send: (topic, messages) => {
      const own = messages.map(({ value }) => ({ topic, value }))
      return producer.send({ messages: own, acks: ProduceAcks.ALL })
    },
    close: () => producer.close(),
  }
}

function klamm(brokers: readonly string[]): Client {
  const producer = new Kafka({ brokers }).producer()
  return {
    name: '@klamm/client, idempotent',
    send: (topic, messages) => producer.send({ topic, messages }),
    close: () => producer.close(),
  }
}
