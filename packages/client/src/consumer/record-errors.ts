// What happens to records that cannot be read: the program's choice, and the topic for dead
// letters.

import {
  BatchBuilder,
  errorCodes,
  errorNameOf,
  Produce,
  type RecordHeader,
  zeroUuid,
} from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import { retrying } from '../network/retry.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import type { EventHub } from './events.ts'
import type { RecordFailure } from './record-failure.ts'

/** Produce versions below name topics. */
const lastVersionByName = 12

const produceTimeoutMs = 30_000

export class RecordErrors {
  readonly #core: ClientCore
  readonly #options: Pick<
    ResolvedConsumerOptions<unknown, unknown>,
    'onRecordError' | 'deadLetterTopic'
  >
  readonly #events: EventHub

  constructor(
    core: ClientCore,
    options: Pick<ResolvedConsumerOptions<unknown, unknown>, 'onRecordError' | 'deadLetterTopic'>,
    events: EventHub,
  ) {
    this.#core = core
    this.#options = options
    this.#events = events
  }

  /** Resolves when the failure may be passed over; rejects with the error that ends it. */
  async handle(failure: RecordFailure, signal: AbortSignal): Promise<void> {
    const { onRecordError } = this.#options
    const action =
      typeof onRecordError === 'function' ? await onRecordError(failure) : onRecordError
    this.#events.emit('recordError', { ...failure, action })
    if (action === 'fail') {
      const { error, topic, partition } = failure
      throw new KafkaError(error.code, error.message, {
        cause: error.cause ?? error,
        fatal: true,
        topic,
        partition,
      })
    }
    const { topic, partition, offset, error } = failure
    this.#core.env.log.warn('a record is passed over', { topic, partition, offset, action, error })
    if (action === 'deadLetter') await this.#bury(failure, signal)
  }

  /** Stored by all in-sync replicas before it counts as passed over. */
  async #bury(failure: RecordFailure, signal: AbortSignal): Promise<void> {
    const { deadLetterTopic } = this.#options
    if (deadLetterTopic === undefined) {
      throw new KafkaError('ERR_INVALID_ARGUMENT', 'there is no deadLetterTopic', { fatal: true })
    }
    const { env, options, metadata, brokers } = this.#core
    const deadlineMs = env.clock.monotonicMs() + produceTimeoutMs
    await retrying(env, { retry: options.retry, deadlineMs, signal }, async () => {
      const topic = await metadata.topic(deadLetterTopic, { signal })
      // The same partition for the same one, as far as there are so many: order is kept.
      const index = failure.partition % topic.partitions.length
      const leaderId = topic.partitions[index]?.leaderId ?? -1
      if (leaderId < 0) throw notLed(deadLetterTopic)
      const records = [letterOf(failure, env.clock.wallMs())]
      const partitionData = [{ index, records }]
      const body = {
        transactionalId: null,
        acks: -1,
        timeoutMs: options.requestTimeoutMs,
        topicData: [{ name: deadLetterTopic, topicId: zeroUuid, partitionData }],
      }
      const request = { signal, maxVersion: lastVersionByName }
      const response = await brokers.request(leaderId, Produce, body, request)
      const code = response.responses[0]?.partitionResponses[0]?.errorCode ?? -1
      if (code === errorCodes.NONE) return
      metadata.invalidate(deadLetterTopic)
      const name = errorNameOf(code)
      throw new KafkaError(name, `the dead letter was refused: ${name}`, { topic: deadLetterTopic })
    })
  }
}

/** Key, value and headers as they were, and where they come from. */
function letterOf(failure: RecordFailure, wallMs: number): Uint8Array {
  const { topic, partition, offset, error, key, value, headers, timestamp } = failure
  const text = new TextEncoder()
  const added: RecordHeader[] = [
    { key: 'klamm.topic', value: text.encode(topic) },
    { key: 'klamm.partition', value: text.encode(`${partition}`) },
    { key: 'klamm.offset', value: text.encode(`${offset}`) },
    { key: 'klamm.error', value: text.encode(`${error.code}: ${error.message}`) },
  ]
  const builder = new BatchBuilder({ initialBytes: 1_024 + (value?.length ?? 0) })
  const at = timestamp >= 0 ? timestamp : wallMs
  builder.append({ key, value, timestamp: at, headers: [...headers, ...added] })
  return builder.build({})
}

function notLed(topic: string): KafkaError {
  return new KafkaError('LEADER_NOT_AVAILABLE', `${topic} has no leader now`, { topic })
}
