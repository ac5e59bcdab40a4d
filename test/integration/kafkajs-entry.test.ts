// Programs in KafkaJS's words run the same on KafkaJS and on our `@klamm/client/kafkajs`: each is
// run on both, against the same cluster, and has to give the same.

import * as ours from '@klamm/client/kafkajs'
import type { Cluster } from '@klamm/cluster'
import theirs from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, testCluster } from './test-cluster.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await testCluster()
})

afterAll(() => cluster?.close())

/** KafkaJS's types are what a program is written against. */
type Library = typeof theirs

const libraries: readonly (readonly [string, Library])[] = [
  ['kafkajs', theirs],
  ['klamm', ours as unknown as Library],
]

function kafkaOf(library: Library): theirs.Kafka {
  return new library.Kafka({
    clientId: 'program',
    brokers: [...cluster.bootstrapServers],
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

const until = (isDone: () => boolean, what: string) =>
  eventually(async () => (isDone() ? true : undefined), what)

const timestamp = '1700000000000'
const maxWaitTimeInMs = 100

async function fill(library: Library, topic: string, count: number): Promise<void> {
  const producer = kafkaOf(library).producer()
  await producer.connect()
  const messages = Array.from({ length: count }, (_, i) => {
    return { key: `k${i}`, value: `v${i}`, timestamp, partition: 0 }
  })
  await producer.send({ topic, messages })
  await producer.disconnect()
}

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

test('the admin gives the same answers', async () => {
  const answers = await same('admin', 2, async (library, topic) => {
    await fill(library, topic, 5)
    const admin = kafkaOf(library).admin()
    await admin.connect()
    const byId = <T extends { partition: number }>(list: T[]) =>
      list.sort((a, b) => a.partition - b.partition)
    const other = `${topic}-other`
    const create = (numPartitions: number) =>
      admin.createTopics({
        topics: [
          { topic: other, numPartitions, configEntries: [{ name: 'retention.ms', value: '1000' }] },
        ],
      })
    const created = [await create(2), await create(2)]
    const failed = await admin.createTopics({ topics: [{ topic: 'no/topic' }] }).then(
      () => 'nothing',
      error => [error.name, error.errors.length],
    )
    await admin.createPartitions({ topicPartitions: [{ topic: other, count: 4 }] })
    const grownTo = await eventually(async () => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [other] })
      return topics[0]?.partitions.length === 4 ? 4 : undefined
    }, 'the new partitions')
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] })
    const groupId = `${topic}-group`
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '3' }] })
    const committed = await admin.fetchOffsets({ groupId, topics: [topic] })
    const { groups } = await admin.listGroups()
    const described = await admin.describeGroups([groupId])
    const deleted = await admin.deleteGroups([groupId])
    const notDeleted = await admin.deleteGroups([groupId]).then(
      () => 'nothing',
      error => [error.name, error.groups[0].errorCode, error.groups[0].error.type],
    )
    const offsets = byId(await admin.fetchTopicOffsets(topic))
    const byTime = [
      byId(await admin.fetchTopicOffsetsByTimestamp(topic, Number(timestamp))),
      byId(await admin.fetchTopicOffsetsByTimestamp(topic)),
    ]
    const listed = (await admin.listTopics()).filter(name => name === topic || name === other)
    await admin.deleteTopics({ topics: [other] })
    const { brokers, clusterId } = await admin.describeCluster()
    await admin.disconnect()
    const text = JSON.stringify({
      created,
      failed,
      grownTo,
      partitions: metadata.topics[0]?.partitions
        .sort((a, b) => a.partitionId - b.partitionId)
        .map(each => [Object.keys(each).sort(), each.partitionId, each.replicas.length]),
      committed: committed.map(each => ({ ...each, partitions: byId(each.partitions) })),
      groups: groups.filter(each => each.groupId === groupId).length,
      described: described.groups.map(({ groupId: id, state, members }) => [id, state, members]),
      deleted,
      notDeleted,
      offsets,
      byTime,
      listed: listed.sort(),
      brokers: brokers.sort((a, b) => a.nodeId - b.nodeId),
      clusterId,
    })
    return JSON.parse(text.replaceAll(topic, 'TOPIC'))
  })
  expect(answers).toMatchObject({ created: [true, false], grownTo: 4 })
  expect(answers.offsets[0]).toEqual({ partition: 0, offset: '5', high: '5', low: '0' })
})

test('offsets are reset to what the beginning and the end are now', async () => {
  const topic = await newTopic('reset', 1)
  await fill(theirs, topic, 5)
  const admin = new ours.Kafka({ brokers: [...cluster.bootstrapServers], logLevel: 0 }).admin()
  await admin.connect()
  const groupId = topic
  const offsetAfter = async (earliest: boolean) => {
    await admin.resetOffsets({ groupId, topic, earliest })
    const found = await admin.fetchOffsets({ groupId })
    return found[0]?.partitions
  }
  expect(await offsetAfter(false)).toEqual([{ partition: 0, offset: '5', metadata: null }])
  expect(await offsetAfter(true)).toEqual([{ partition: 0, offset: '0', metadata: null }])
  await admin.disconnect()
  await expect(admin.listTopics()).rejects.toThrow(ours.KafkaJSError)
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

test('options of KafkaJS that change what a program means are refused, not passed over', () => {
  const config = { brokers: ['localhost:9092'] }
  const sasl = { mechanism: 'plain', username: 'u', password: 'p' }
  const refused = { ...config, sasl } as ours.KafkaConfig
  expect(() => new ours.Kafka(refused)).toThrow(ours.KafkaJSNonRetriableError)
  const transactional = { transactionalId: 't' } as ours.ProducerConfig
  expect(() => new ours.Kafka(config).producer(transactional)).toThrow(/transactionalId/)
})
