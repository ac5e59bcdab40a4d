// Programs in KafkaJS's words run the same on KafkaJS and on our `@klamm/client/kafkajs`: each is
// run on both, against the same cluster, and has to give the same.

import * as ours from '@klamm/client/kafkajs'
import type { Cluster } from '@klamm/cluster'
import type theirs from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { maxWaitTimeInMs, programsOn, timestamp, until } from './kafkajs-programs.ts'
import { eventually, testCluster } from './test-cluster.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await testCluster()
})

afterAll(() => cluster?.close())

const { kafkaOf, newTopic, same, fill } = programsOn(() => cluster)

test('messages go to the same partitions and come back in the same shape', async () => {
  const result = await same('shapes', 3, async (library, topic) => {
    const producer = kafkaOf(library).producer()
    await producer.connect()
    const sent = await producer.send({
      topic,
      compression: library.CompressionTypes.GZIP,
      messages: [
        ...Array.from({ length: 20 }, (_, i) => ({ key: `k${i}`, value: `v${i}`, timestamp })),
        {
          key: Buffer.from('h'),
          value: Buffer.from('headers'),
          timestamp,
          headers: { one: 'text', two: Buffer.from('bytes'), many: ['a', 'b'] },
        },
        { key: 'tombstone', value: null, timestamp },
      ],
    })
    await producer.disconnect()
    const consumer = kafkaOf(library).consumer({ groupId: topic, maxWaitTimeInMs })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const seen: unknown[] = []
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        const { key, value, headers, offset } = message
        const shape = { key, value, headers, offset, timestamp: message.timestamp }
        seen.push({ at: `${partition}-${offset.padStart(3, '0')}`, attributes: 0, ...shape })
      },
    })
    await until(() => seen.length >= 22, 'all messages')
    await consumer.disconnect()
    const bases = sent.map(({ topicName, partition, errorCode, baseOffset }) => {
      return { isOwn: topicName === topic, partition, errorCode, baseOffset }
    })
    return {
      sent: bases.sort((a, b) => a.partition - b.partition),
      seen: (seen as { at: string }[]).sort((a, b) => (a.at < b.at ? -1 : 1)),
    }
  })
  expect(result.sent).toHaveLength(3)
  expect(result.seen).toHaveLength(22)
})

test('a batch tells its offsets and lag, and what was resolved is uncommitted', async () => {
  const batches = await same('batches', 1, async (library, topic) => {
    await fill(library, topic, 10)
    const consumer = kafkaOf(library).consumer({ groupId: topic, maxWaitTimeInMs })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    const seen: unknown[] = []
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, resolveOffset, heartbeat, isRunning, isStale, ...rest }) => {
        resolveOffset('3')
        await heartbeat()
        seen.push({
          first: batch.firstOffset(),
          last: batch.lastOffset(),
          lag: [batch.offsetLag(), batch.offsetLagLow()],
          highWatermark: batch.highWatermark,
          isEmpty: batch.isEmpty(),
          values: batch.messages.map(({ value }) => value?.toString()),
          state: [isRunning(), isStale()],
          uncommitted: rest.uncommittedOffsets().topics.flatMap(({ partitions }) => {
            // KafkaJS says the partition as text, unlike its types.
            return partitions.map(({ partition, offset }) => `${partition}: ${offset}`)
          }),
        })
      },
    })
    await until(() => seen.length >= 1, 'a batch')
    await consumer.disconnect()
    return seen[0]
  })
  expect(batches).toMatchObject({ first: '0', last: '9', uncommitted: ['0: 4'] })
})

test('without auto-resolve what was not resolved comes again', async () => {
  const firsts = await same('unresolved', 1, async (library, topic) => {
    await fill(library, topic, 10)
    const consumer = kafkaOf(library).consumer({ groupId: topic, maxWaitTimeInMs })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const seen: unknown[] = []
    await consumer.run({
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset }) => {
        const first = Number(batch.firstOffset())
        seen.push(first)
        resolveOffset(`${first + 3}`)
      },
    })
    await until(() => seen.length >= 3, 'three batches')
    await consumer.disconnect()
    return seen.slice(0, 3)
  })
  expect(firsts).toEqual([0, 4, 8])
})

test('what was consumed is committed, and commitOffsets and seek say where to go on', async () => {
  const seen = await same('progress', 1, async (library, topic) => {
    await fill(library, topic, 6)
    const values: string[][] = []
    const run = async (act: (consumer: theirs.Consumer) => unknown, count: number) => {
      const got: string[] = []
      values.push(got)
      const consumer = kafkaOf(library).consumer({ groupId: topic, maxWaitTimeInMs })
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        autoCommit: values.length !== 2,
        eachMessage: async ({ message }) => {
          got.push(`${message.value}`)
        },
      })
      await act(consumer)
      await until(() => got.length >= count, `${count} messages`)
      await consumer.disconnect()
      got.splice(count)
    }
    await run(() => {}, 6)
    await run(consumer => {
      consumer.seek({ topic, partition: 0, offset: '4' })
      return consumer.commitOffsets([{ topic, partition: 0, offset: '3' }])
    }, 2)
    await run(() => {}, 3)
    return values
  })
  expect(seen.map(values => values[0])).toEqual(['v0', 'v4', 'v3'])
})

test('a paused topic gives nothing until it is resumed', async () => {
  const seen = await same('paused', 1, async (library, topic) => {
    await fill(library, topic, 4)
    const consumer = kafkaOf(library).consumer({ groupId: topic, maxWaitTimeInMs })
    await consumer.connect()
    await consumer.subscribe({ topic: new RegExp(`^${topic}$`), fromBeginning: true })
    const got: string[] = []
    let resume: (() => void) | undefined
    await consumer.run({
      eachMessage: async ({ message, pause }) => {
        got.push(`${message.value}`)
        if (got.length === 2) resume = pause()
      },
    })
    await until(() => resume !== undefined, 'the pause')
    const paused = consumer.paused().map(({ partitions }) => partitions)
    const before = [...got]
    resume?.()
    await until(() => got.length >= 4, 'the rest')
    const after = consumer.paused()
    await consumer.disconnect()
    return { before, got, paused, after }
  })
  expect(seen).toEqual({
    before: ['v0', 'v1'],
    got: ['v0', 'v1', 'v2', 'v3'],
    paused: [[0]],
    after: [],
  })
})

test('a handler that always throws makes it crash, and restartOnFailure has the last word', async () => {
  const crash = await same('crash', 1, async (library, topic) => {
    await fill(library, topic, 1)
    const asked: string[] = []
    const consumer = kafkaOf(library).consumer({
      groupId: topic,
      maxWaitTimeInMs,
      retry: {
        retries: 2,
        initialRetryTime: 20,
        restartOnFailure: async error => {
          asked.push(error.name)
          return false
        },
      },
    })
    const crashes: unknown[] = []
    consumer.on(consumer.events.CRASH, ({ type, payload }) => {
      const { error, groupId, restart } = payload
      crashes.push({ type, name: error.name, isOwn: groupId === topic, restart })
    })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    let calls = 0
    await consumer.run({
      eachMessage: async () => {
        calls += 1
        throw new Error('broken')
      },
    })
    await until(() => crashes.length > 0, 'the crash')
    await consumer.disconnect()
    return { crashes, asked, calls }
  })
  expect(crash.asked).toEqual(['KafkaJSNumberOfRetriesExceeded'])
})

test('after a crash it goes on by itself, and after a stop it may be run again', async () => {
  const seen = await same('again', 1, async (library, topic) => {
    await fill(library, topic, 2)
    const consumer = kafkaOf(library).consumer({
      groupId: topic,
      maxWaitTimeInMs,
      retry: { retries: 1, initialRetryTime: 20 },
    })
    const restarts: boolean[] = []
    consumer.on(consumer.events.CRASH, ({ payload }) => restarts.push(payload.restart))
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    let failures = 3
    const first: string[] = []
    await consumer.run({
      eachMessage: async ({ message }) => {
        failures -= 1
        if (failures >= 0) throw new Error('broken')
        first.push(`${message.value}`)
      },
    })
    await until(() => first.length >= 2, 'the messages')
    await consumer.stop()
    await fill(library, topic, 1)
    const second: string[] = []
    await consumer.run({
      eachMessage: async ({ message }) => {
        second.push(`${message.value}@${message.offset}`)
      },
    })
    await until(() => second.length >= 1, 'what came meanwhile')
    await consumer.disconnect()
    return { restarts, first, second }
  })
  expect(seen).toEqual({ restarts: [true], first: ['v0', 'v1'], second: ['v0@2'] })
})

test("a program's own partitioner is asked with the partitions of the topic", async () => {
  const result = await same('partitioner', 3, async (library, topic) => {
    const asked: unknown[] = []
    const createPartitioner = () => (args: theirs.PartitionerArgs) => {
      const ids = args.partitionMetadata.map(({ partitionId }) => partitionId).sort()
      asked.push([args.topic === topic, ids, `${args.message.key} ${args.message.value}`])
      return args.message.key?.toString() === 'last' ? 2 : 0
    }
    const producer = kafkaOf(library).producer({ createPartitioner })
    await producer.connect()
    const sent = await producer.send({
      topic,
      messages: [
        { key: 'first', value: 'a' },
        { key: 'last', value: 'b' },
      ],
    })
    await producer.disconnect()
    return { asked, sent: sent.map(({ partition }) => partition).sort() }
  })
  expect(result.sent).toEqual([0, 2])
})

test('what programs typed against KafkaJS give is what our types take', async () => {
  const config: ours.KafkaConfig = { brokers: [...cluster.bootstrapServers], logLevel: 0 }
  const kafka = new ours.Kafka(config)
  const topic = await newTopic('types', 1)
  const record: theirs.ProducerRecord = { topic, messages: [{ value: 'v', headers: { a: 'b' } }] }
  const batch: theirs.ProducerBatch = { topicMessages: [record] }
  const producer = kafka.producer({ idempotent: true })
  await producer.connect()
  await producer.send(record)
  const stored: theirs.RecordMetadata[] = await producer.sendBatch(batch)
  expect(stored[0]?.baseOffset).toBe('1')
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs })
  const subscription: theirs.ConsumerSubscribeTopics = { topics: [topic], fromBeginning: true }
  await consumer.subscribe(subscription)
  const seen: theirs.KafkaMessage[] = []
  const eachMessage: theirs.EachMessageHandler = async ({ message }) => {
    seen.push(message)
  }
  await consumer.run({ eachMessage })
  await until(() => seen.length >= 2, 'both')
  await consumer.disconnect()
  expect(seen[1]?.headers?.a).toEqual(Buffer.from('b'))
})

test('run resolves though the group cannot be joined, and CRASH tells why', async () => {
  const kafka = new ours.Kafka({ brokers: [...cluster.bootstrapServers], logLevel: 0 })
  const consumer = kafka.consumer({ groupId: 'hasty', sessionTimeout: 10, heartbeatInterval: 5 })
  const crash = new Promise<ours.InstrumentationEvent<{ error: Error; restart: boolean }>>(
    resolve => consumer.on(consumer.events.CRASH, resolve),
  )
  await consumer.subscribe({ topic: 'any' })
  await consumer.run({ eachMessage: async () => {} })
  const { payload } = await crash
  expect(payload).toMatchObject({ restart: false, error: { type: 'INVALID_SESSION_TIMEOUT' } })
  await consumer.disconnect()
})

test('fromBeginning is the same for all topics of a consumer, or refused', async () => {
  const consumer = new ours.Kafka({ brokers: ['localhost:1'] }).consumer({ groupId: 'g' })
  await consumer.subscribe({ topic: 'a', fromBeginning: true })
  const mixed = consumer.subscribe({ topic: 'b' })
  await expect(mixed).rejects.toThrow(ours.KafkaJSNonRetriableError)
  expect(() => consumer.pause([{ topic: 'a' }])).toThrow(ours.KafkaJSNonRetriableError)
})

test('the same events are told, with what both know of them', async () => {
  const events = await same('events', 1, async (library, topic) => {
    await fill(library, topic, 5)
    const consumer = kafkaOf(library).consumer({ groupId: topic, maxWaitTimeInMs })
    const told = new Map<string, unknown>()
    const { events } = consumer
    const named = [
      events.CONNECT,
      events.GROUP_JOIN,
      events.START_BATCH_PROCESS,
      events.END_BATCH_PROCESS,
      events.COMMIT_OFFSETS,
      events.STOP,
      events.DISCONNECT,
    ]
    for (const name of named) {
      consumer.on(name, ({ type, timestamp: at, payload }) => {
        const { memberId, duration, groupProtocol, leaderId, groupGenerationId, ...same } =
          payload ?? {}
        expect(at).toBeGreaterThan(1_700_000_000_000)
        const text = JSON.stringify(same).replaceAll(topic, 'TOPIC').replaceAll('"0"', '0')
        if (!told.has(type)) told.set(type, text)
      })
    }
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    let batches = 0
    await consumer.run({
      autoCommitThreshold: 1,
      eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary }) => {
        resolveOffset(batch.lastOffset())
        await commitOffsetsIfNecessary()
        batches += 1
      },
    })
    await until(() => batches > 0, 'a batch')
    await consumer.disconnect()
    const byName = [...told].map(([name, text]) => [name, JSON.parse(`${text}`)] as const)
    return Object.fromEntries(
      byName.map(([name, payload]) => [
        name,
        Object.fromEntries(Object.entries(payload).sort(([a], [b]) => (a < b ? -1 : 1))),
      ]),
    )
  })
  expect(Object.keys(events)).toHaveLength(7)
})

test('a member describes its group', async () => {
  const group = await same('describe', 1, async (library, topic) => {
    const consumer = kafkaOf(library).consumer({ groupId: topic, maxWaitTimeInMs })
    await consumer.connect()
    await consumer.subscribe({ topic })
    await consumer.run({ eachMessage: async () => {} })
    const group = await eventually(async () => {
      const found = await consumer.describeGroup()
      return found.state === 'Stable' ? found : undefined
    }, 'a stable group')
    await consumer.disconnect()
    const { members, protocol, protocolType } = group
    return { members: members.map(({ clientId }) => clientId), protocol, protocolType }
  })
  expect(group).toEqual({
    members: ['program'],
    protocol: 'RoundRobinAssigner',
    protocolType: 'consumer',
  })
})

test('wrong calls reject with the same classes', async () => {
  const names = await same('wrong', 1, async (library, topic) => {
    const producer = kafkaOf(library).producer()
    const nameOf = async (attempt: () => Promise<unknown>): Promise<string> => {
      return attempt().then(
        () => 'nothing',
        (error: Error) => error.name,
      )
    }
    const messages = [{ value: 'v' }]
    const before = await nameOf(() => producer.send({ topic, messages }))
    await producer.connect()
    const names = [
      before,
      await nameOf(() => producer.send({ topic: '', messages })),
      await nameOf(() => producer.send({ topic, messages: undefined as never })),
      await nameOf(() => producer.send({ topic, messages: [{ value: undefined as never }] })),
    ]
    await producer.disconnect()
    return names
  })
  expect(names[1]).toBe('KafkaJSNonRetriableError')
})

test('options of KafkaJS that change what a program means are refused, not passed over', async () => {
  const config = { brokers: ['localhost:9092'] }
  const sasl = { mechanism: 'plain', username: 'u', password: 'p' }
  const refused = { ...config, sasl } as ours.KafkaConfig
  expect(() => new ours.Kafka(refused)).toThrow(ours.KafkaJSNonRetriableError)
  const transactional = { transactionalId: 't' } as ours.ProducerConfig
  expect(() => new ours.Kafka(config).producer(transactional)).toThrow(/transactionalId/)
  const query = { groupId: 'g', resolveOffsets: true }
  await expect(new ours.Kafka(config).admin().fetchOffsets(query)).rejects.toThrow(/resolveOffsets/)
})
