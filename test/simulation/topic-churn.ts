// Creates a topic, writes to it, reads it, commits an offset, deletes it and begins anew under the
// same name: nothing of one topic may show in the next (REP-15).

import { CreateTopics, DeleteTopics, errorNameOf } from '@klamm/protocol'
import type { Checkers } from './checkers.ts'
import { commitOffset, fetchOffsets, findCoordinator } from './consumer-requests.ts'
import type { Ghost } from './ghost.ts'
import { PartitionReader } from './partition-reader.ts'
import { SimClient, type SimClientOptions, type TopicMetadata } from './sim-client.ts'
import { SimProducer } from './sim-producer.ts'
import { demand } from './violation.ts'

export interface TopicChurnOptions extends SimClientOptions {
  readonly ghost: Ghost
  readonly checkers: Checkers
}

const topic = 'churn'
const groupId = 'churn-readers'
/** Offsets by hand: no member of a group. */
const nobody = { groupId, memberId: '', generation: -1 }

export class TopicChurn {
  readonly #options: TopicChurnOptions
  readonly #client: SimClient
  #lastTopicId = ''
  #round = 0
  #isStopped = false
  #loop: Promise<void> | undefined
  readonly failures: unknown[] = []

  constructor(options: TopicChurnOptions) {
    this.#options = options
    this.#client = new SimClient(options)
  }

  start(): void {
    this.#loop = this.#run().catch((error: unknown) => {
      this.failures.push(error)
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#loop
    this.#client.close()
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const created = await this.#created()
      if (created === undefined) return
      await this.#expectNoOffset(created)
      await this.#produce(created)
      await this.#read(created)
      await this.#delete(created)
    }
  }

  /** Undefined when there is no time left for it. */
  async #created(): Promise<TopicMetadata | undefined> {
    while (!this.#isStopped) {
      await this.#client.ask(this.#client.anyBroker(), connection =>
        connection.request(CreateTopics, 7, {
          topics: [
            { name: topic, numPartitions: 1, replicationFactor: 3, assignments: [], configs: [] },
          ],
          timeoutMs: 5_000,
          validateOnly: false,
        }),
      )
      const found = await this.#client.topic(topic)
      const isNew = found?.error === 'NONE' && found.topicId !== this.#lastTopicId
      if (isNew && found.leaders.size > 0) {
        this.#lastTopicId = found.topicId
        return found
      }
      await this.#client.pause()
    }
    return undefined
  }

  async #expectNoOffset({ topicId }: TopicMetadata): Promise<void> {
    const coordinator = await findCoordinator(this.#client, groupId)
    if (coordinator === undefined) return
    const found = await fetchOffsets(this.#client, coordinator, groupId, topicId, [0])
    demand('REP-15', (found?.[0]?.offset ?? -1) === -1, () => {
      return `the new topic ${topicId} has a committed offset: ${found?.[0]?.offset}`
    })
  }

  async #produce({ topicId }: TopicMetadata): Promise<void> {
    this.#round += 1
    const producer = new SimProducer({
      ...this.#options,
      name: `churn-${this.#round}`,
      topic,
      topicId,
      meanPauseMs: 20,
      maxRecordsPerBatch: 3,
      maxInFlight: 2,
    })
    producer.start()
    await this.#client.env.clock.sleep(this.#client.random.float() * 500)
    await producer.stop()
    for (const failure of producer.failures) throw failure
  }

  /** For a while; then it notes how far it came. */
  async #read(created: TopicMetadata): Promise<void> {
    const start = { partition: 0, offset: 0, leaderEpoch: -1 }
    const reader = new PartitionReader(this.#client, this.#options.checkers, start)
    let known: TopicMetadata = created
    for (let i = 0; i < 10 && !this.#isStopped; i++) {
      if (await reader.read(known)) continue
      const found = await this.#client.topic(topic)
      if (found?.error === 'NONE' && found.topicId === created.topicId) known = found
      await this.#client.pause()
    }
    const coordinator = await findCoordinator(this.#client, groupId)
    if (coordinator === undefined || reader.offset === 0) return
    const { offset, leaderEpoch } = reader
    const place = { partition: 0, offset, leaderEpoch }
    await commitOffset(this.#client, coordinator, nobody, created.topicId, place)
  }

  async #delete({ topicId }: TopicMetadata): Promise<void> {
    for (;;) {
      const response = await this.#client.ask(this.#client.anyBroker(), connection =>
        connection.request(DeleteTopics, 6, {
          topics: [{ name: null, topicId }],
          topicNames: [],
          timeoutMs: 5_000,
        }),
      )
      const error = errorNameOf(response?.responses[0]?.errorCode ?? -1)
      if (error === 'NONE' || error === 'UNKNOWN_TOPIC_ID') return
      await this.#client.pause()
    }
  }
}
