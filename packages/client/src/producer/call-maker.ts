// Messages as a program gives them to calls of bytes: everything that can be wrong with them is
// found here, before anything of them is sent.

import { KafkaError } from '../errors.ts'
import type { SerdeContext } from '../serde/serde.ts'
import type { ProducerMessage, SendSettings } from './messages.ts'
import type { ProducerOptions } from './producer-options.ts'
import { fieldBytes, headerList } from './record-bytes.ts'
import { type ResolvedProducerOptions, settingsOf } from './resolve-options.ts'
import { SendCall } from './send-call.ts'

export interface CallMoment {
  /** Monotonic. */
  readonly nowMs: number
  readonly wallMs: number
  readonly onOver: (call: SendCall) => void
}

export class CallMaker<K, V> {
  readonly #serializers: Pick<ProducerOptions<K, V>, 'key' | 'value'>
  readonly #options: ResolvedProducerOptions

  constructor(given: ProducerOptions<K, V>, options: ResolvedProducerOptions) {
    this.#serializers = given
    this.#options = options
  }

  /** Throws ERR_SERIALIZATION, ERR_INVALID_ARGUMENT or MESSAGE_TOO_LARGE. */
  make(
    topic: string,
    messages: readonly ProducerMessage<K, V>[],
    given: SendSettings,
    { nowMs, wallMs, onOver }: CallMoment,
  ): SendCall {
    if (typeof topic !== 'string' || topic === '') throw invalid('a topic is a name', '')
    if (!Array.isArray(messages)) throw invalid(`the messages for ${topic} are no array`, topic)
    const { deliveryTimeoutMs, settings: own } = this.#options
    const settings = settingsOf(given, own)
    const call = new SendCall(
      {
        topic,
        settings,
        // Numbers of records whose fate nobody tells would lead to gaps.
        isIdempotent: this.#options.isIdempotent && settings.acks === 'all',
        deliveryTimeoutMs,
        deadlineMs: nowMs + deliveryTimeoutMs,
        wallMs,
      },
      onOver,
    )
    const keyContext: SerdeContext = { topic, field: 'key' }
    const valueContext: SerdeContext = { topic, field: 'value' }
    for (const message of messages as readonly ProducerMessage<K, V>[]) {
      this.#add(call, message, keyContext, valueContext)
    }
    return call
  }

  #add(
    call: SendCall,
    message: ProducerMessage<K, V>,
    keyContext: SerdeContext,
    valueContext: SerdeContext,
  ): void {
    const { topic } = call
    if (typeof message !== 'object' || message === null) {
      throw invalid(`a message for ${topic} is no object`, topic)
    }
    const { partition, timestamp } = message
    if (partition !== undefined && partition !== null && !isIndex(partition)) {
      throw invalid(`a partition of ${topic} is a number from 0 on, not ${partition}`, topic)
    }
    if (timestamp !== undefined && !isTimestamp(timestamp)) {
      throw invalid(`a timestamp is in ms since 1970, not ${String(timestamp)}`, topic)
    }
    const key = fieldBytes(message.key, this.#serializers.key, keyContext)
    const value = fieldBytes(message.value, this.#serializers.value, valueContext)
    const before = call.bytes
    call.add(key, value, partition ?? -1, headerList(message.headers, topic), timestamp)
    const { maxBufferedBytes } = this.#options
    if (call.bytes - before <= maxBufferedBytes) return
    const problem = `a record of ${call.bytes - before} bytes for ${topic} does not fit`
    throw new KafkaError('MESSAGE_TOO_LARGE', `${problem} maxBufferedBytes, ${maxBufferedBytes}`, {
      topic,
    })
  }
}

function isIndex(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0x7fff_ffff
}

/** What the record format can hold exactly, relative to any other. */
function isTimestamp(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 51
}

function invalid(problem: string, topic: string): KafkaError {
  return new KafkaError('ERR_INVALID_ARGUMENT', problem, topic === '' ? {} : { topic })
}
