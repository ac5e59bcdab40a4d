// Random trouble by seed: refusals, lost answers, slow brokers, moving leaders, brokers that die.
// Whatever happens, an acknowledged record is stored once, where its sender was told and in the
// order of the sends; no other record is stored twice or out of order; everybody is told.

import type { Random } from '@klamm/base'
import { seededTest } from '@klamm/base/testing'
import { type ErrorName, Produce, type ProduceRequest, readRecords } from '@klamm/protocol'
import { expect } from 'vitest'
import type { KafkaError } from '../errors.ts'
import { Kafka } from '../kafka.ts'
import { type Answer, FakeCluster, type RequestContext } from '../testing/fake-cluster.ts'
import type { RecordMetadata } from './messages.ts'
import type { Producer } from './producer.ts'
import { refusal, storeSilently, text } from './testing/stored.ts'

const partitions = 3
const requestTimeoutMs = 1_000

/** Refusals before anything is appended. */
const refusals: readonly ErrorName[] = [
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'NOT_ENOUGH_REPLICAS',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'CORRUPT_MESSAGE',
  'KAFKA_STORAGE_ERROR',
  'TOPIC_AUTHORIZATION_FAILED',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
]
const afterAppend: readonly ErrorName[] = [
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'REQUEST_TIMED_OUT',
  'NOT_LEADER_OR_FOLLOWER',
  'UNKNOWN_SERVER_ERROR',
]

class Trouble {
  readonly #fake: FakeCluster
  readonly #random: Random
  isOver = false

  constructor(fake: FakeCluster, random: Random) {
    this.#fake = fake
    this.#random = random
  }

  readonly answer = async (
    request: ProduceRequest,
    { brokerId, atMs, nowMs }: RequestContext,
  ): Promise<Answer<typeof Produce>> => {
    const random = this.#random
    // A producer that has raised its epoch is safe from late copies once something of the new epoch
    // is stored; before that nothing can shut them out. So what was given up is not carried out.
    if (nowMs() - atMs >= requestTimeoutMs) return 'close'
    if (this.isOver || random.chance(0.6)) return undefined
    if (random.chance(0.1)) return this.#tooLarge(request)
    if (random.chance(0.4)) return refusal(request, this.#refusalFor(request))
    if (random.chance(0.3)) return random.pick(['close', 'drop', 'cut', 'garbage'] as const)
    if (!this.#leadsAll(request, brokerId)) return undefined
    try {
      await storeSilently(this.#fake, 'a', request)
    } catch {
      // A sequence that is out of order: refused as by default.
      return undefined
    }
    if (random.chance(0.5)) return refusal(request, random.pick(afterAppend))
    return random.pick(['close', 'drop', 'cut'] as const)
  }

  /** What the brokers and the network do meanwhile. */
  async run(): Promise<void> {
    const [fake, random] = [this.#fake, this.#random]
    for (let step = 0; step < 25; step++) {
      await fake.run(random.below(400))
      const brokerId = 1 + random.below(3)
      switch (random.below(5)) {
        case 0:
          fake.moveLeader('a', random.below(partitions), random.chance(0.1) ? -1 : brokerId)
          break
        case 1:
          fake.disconnect(brokerId)
          break
        case 2:
          fake.delay(brokerId, random.pick([0, 20, 300, 3_000]))
          break
        case 3:
          if (random.chance(0.5)) fake.kill(brokerId)
          else fake.vanish(brokerId)
          await fake.run(random.below(1_500))
          fake.restart(brokerId)
          break
        default:
      }
    }
    this.isOver = true
    for (let brokerId = 1; brokerId <= 3; brokerId++) fake.delay(brokerId, 0)
    for (let p = 0; p < partitions; p++) {
      if (fake.leader('a', p) < 0) fake.moveLeader('a', p, 1 + random.below(3))
    }
  }

  #refusalFor(request: ProduceRequest): ErrorName {
    const error = this.#random.pick(refusals)
    // For these two the broker must not have what it says it does not expect.
    const isAboutSequence =
      error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' || error === 'UNKNOWN_PRODUCER_ID'
    if (!isAboutSequence) return error
    const isLie = request.topicData.some(({ partitionData }) => {
      return partitionData.some(({ index }) => this.#fake.batches('a', index).length > 0)
    })
    return isLie ? 'NOT_ENOUGH_REPLICAS' : error
  }

  #tooLarge(request: ProduceRequest): Answer<typeof Produce> {
    const sizes = request.topicData.flatMap(({ partitionData }) => {
      return partitionData.map(({ records }) => records?.[0]?.length ?? 0)
    })
    return Math.max(...sizes) > 400 ? refusal(request, 'MESSAGE_TOO_LARGE') : undefined
  }

  #leadsAll(request: ProduceRequest, brokerId: number): boolean {
    return request.topicData.every(({ partitionData }) => {
      return partitionData.every(({ index }) => this.#fake.leader('a', index) === brokerId)
    })
  }
}

interface Sent {
  readonly value: string
  readonly partition: number
  result: RecordMetadata | KafkaError | undefined
}

async function send(fake: FakeCluster, producer: Producer, random: Random, sent: Sent[]) {
  const calls: Promise<void>[] = []
  for (let call = 0; call < 80; call++) {
    const records: Sent[] = Array.from({ length: 1 + random.below(6) }, (_, i) => {
      return { value: `${call}.${i}`, partition: random.below(partitions), result: undefined }
    })
    sent.push(...records)
    const messages = records.map(({ value, partition }) => {
      return { value, key: new Uint8Array(random.below(120)), partition }
    })
    const abort = random.chance(0.05) ? new AbortController() : undefined
    const promise = producer.send({ topic: 'a', messages }, { signal: abort?.signal })
    calls.push(
      promise.then(
        results => {
          for (const [i, result] of results.entries()) Object.assign(records[i]!, { result })
        },
        (error: KafkaError) => {
          for (const record of records) record.result = error
        },
      ),
    )
    if (random.chance(0.4)) await fake.env.clock.sleep(random.below(200))
    abort?.abort()
  }
  await Promise.all(calls)
}

function check(fake: FakeCluster, sent: readonly Sent[]): void {
  for (let partition = 0; partition < partitions; partition++) {
    const records = fake.batches('a', partition).flatMap(batch => [...readRecords(batch)])
    const log = records.map(({ value }) => text(value))
    const own = sent.filter(record => record.partition === partition)
    const order = new Map(own.map(({ value }, index) => [value, index]))
    const places = log.map(value => order.get(value) as number)
    // Ascending means: once at most, and in the order of the sends.
    expect(places).toEqual([...new Set(places)].sort((a, b) => a - b))
    const offsets = new Map(records.map(({ offset, value }) => [text(value), offset]))
    for (const { value, result } of own) {
      expect(result, value).toBeDefined()
      if (result === undefined || result instanceof Error) continue
      expect([value, offsets.has(value)]).toEqual([value, true])
      if (result.offset >= 0) expect([value, result.offset]).toEqual([value, offsets.get(value)])
    }
  }
}

seededTest('records are stored once and in order whatever happens', 25, async (random, seed) => {
  await using fake = new FakeCluster({ topics: { a: partitions }, seed })
  const kafka = new Kafka(fake.options({ requestTimeoutMs }))
  const deliveryTimeoutMs = random.pick([2_000, 6_000, 60_000])
  const producer = kafka.producer({
    deliveryTimeoutMs,
    batchBytes: random.pick([150, 400, 2_000]),
    maxBufferedBytes: random.pick([2_000, 100_000]),
    ...(random.chance(0.5) ? { lingerMs: random.below(20) } : {}),
    compression: random.pick(['none', 'lz4', 'zstd'] as const),
  })
  const trouble = new Trouble(fake, random.fork('trouble'))
  fake.on(Produce, trouble.answer)
  const sent: Sent[] = []
  const sending = send(fake, producer, random.fork('records'), sent)
  await trouble.run()
  await fake.settle(sending)
  // What lingers in the network arrives before anything is counted.
  await fake.run(5_000)
  check(fake, sent)
  const acknowledged = sent.filter(({ result }) => !(result instanceof Error))
  if (deliveryTimeoutMs === 60_000) {
    expect(acknowledged.length).toBeGreaterThan(sent.length / 4)
  }
  await fake.settle(producer.close())
  await fake.run(10)
  expect([fake.pendingTimers, fake.openConnections]).toEqual([0, 0])
})
