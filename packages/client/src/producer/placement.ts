// Gives the records of a call their partitions, all of them or none: a partitioner that answers
// nonsense for one record must not leave half of a call behind.

import { KafkaError } from '../errors.ts'
import type { Partitioner, RecordToPlace } from '../partitioners/partitioner.ts'
import type { SendCall } from './send-call.ts'
import type { TopicState } from './topic-state.ts'

type Scratch = { -readonly [K in keyof RecordToPlace]: RecordToPlace[K] }

/**
 * Undefined when all have their place; else why they cannot: `unknownPartition` when one was asked
 * for that the topic is not known to have.
 */
export class Placement {
  readonly #partitioner: Partitioner
  /** Used for every record, so that none is made per record. */
  readonly #record: Scratch = {
    topic: '',
    key: null,
    value: null,
    headers: undefined,
    sizeInBytes: 0,
  }

  constructor(partitioner: Partitioner) {
    this.#partitioner = partitioner
  }

  place(call: SendCall, topic: TopicState): KafkaError | 'unknownPartition' | undefined {
    const { partitions } = call
    const { count } = topic
    for (let index = 0; index < call.count; index++) {
      if ((partitions[index] as number) >= count) return 'unknownPartition'
    }
    const chosen: number[] = []
    for (let index = 0; index < call.count; index++) {
      const asked = partitions[index] as number
      const partition = asked >= 0 ? asked : this.#choose(call, index, topic)
      if (partition instanceof Error) return partition
      chosen.push(partition)
    }
    for (let index = 0; index < call.count; index++) partitions[index] = chosen[index] as number
    return undefined
  }

  #choose(call: SendCall, index: number, topic: TopicState): number | KafkaError {
    const record = this.#record
    record.topic = call.topic
    record.key = call.keys[index] ?? null
    record.value = call.values[index] ?? null
    record.headers = call.headers?.[index]
    record.sizeInBytes = call.boundOf(index)
    let partition: unknown
    try {
      partition = this.#partitioner.partition(record, topic)
    } catch (cause) {
      return this.#error(call, 'the partitioner failed', cause)
    }
    if (isPartition(partition, topic.count)) return partition
    const range = `0 to ${topic.count - 1}`
    return this.#error(call, `the partitioner gave ${String(partition)}, not one of ${range}`)
  }

  #error({ topic }: SendCall, problem: string, cause?: unknown): KafkaError {
    return new KafkaError('ERR_INVALID_ARGUMENT', `${problem} for a record of ${topic}`, {
      topic,
      cause,
    })
  }
}

function isPartition(partition: unknown, count: number): partition is number {
  return (
    typeof partition === 'number' &&
    Number.isInteger(partition) &&
    partition >= 0 &&
    partition < count
  )
}
