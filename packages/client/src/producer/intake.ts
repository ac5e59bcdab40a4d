// Calls on their way into the accumulator: first they wait for their topic to be known, then for
// room, each time in the order they were made. Here records become part of batches.

import type { NewRecord } from '@klamm/protocol'
import type { Accumulator } from '../accumulator/accumulator.ts'
import type { Failure } from '../accumulator/reactions.ts'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import type { TopicInfo, Watch } from '../metadata/metadata.ts'
import type { BatchBytes } from './batch-bytes.ts'
import { Placement } from './placement.ts'
import type { ResolvedProducerOptions } from './resolve-options.ts'
import type { SendCall } from './send-call.ts'
import { TopicState } from './topic-state.ts'

type Scratch = { -readonly [K in keyof NewRecord]: NewRecord[K] }

export interface IntakeOptions {
  readonly core: ClientCore
  readonly accumulator: Accumulator<BatchBytes, SendCall>
  readonly options: ResolvedProducerOptions
  /** Records came in, or leaders changed: something may go out. */
  readonly onReady: () => void
}

export class Intake implements Disposable {
  readonly #core: ClientCore
  readonly #accumulator: Accumulator<BatchBytes, SendCall>
  readonly #options: ResolvedProducerOptions
  readonly #onReady: () => void
  readonly #placement: Placement
  readonly #topics = new Map<string, TopicState>()
  /** Placed calls that wait for room, oldest first. */
  readonly #queue: SendCall[] = []
  readonly #watch: Watch
  readonly #record: Scratch = { key: null, value: null, headers: undefined, timestamp: -1 }
  /** Of calls that are not in the accumulator yet. */
  #waitingBytes = 0

  constructor({ core, accumulator, options, onReady }: IntakeOptions) {
    this.#core = core
    this.#accumulator = accumulator
    this.#options = options
    this.#onReady = onReady
    this.#placement = new Placement(options.partitioner)
    this.#watch = core.metadata.watch([])
    this.#watch.onChange(onReady)
  }

  /** Calls wait for room: what is there should go out without waiting for more. */
  get isFull(): boolean {
    return this.#queue.length > 0
  }

  /** The earliest deadline of those that wait here. Infinity when nobody does. */
  get wakeAtMs(): number {
    let atMs = this.#queue[0]?.deadlineMs ?? Number.POSITIVE_INFINITY
    for (const { waiting } of this.#topics.values()) {
      const [first] = waiting
      if (first !== undefined) atMs = Math.min(atMs, first.deadlineMs)
    }
    return atMs
  }

  /** Whether a call of this size would be refused now. */
  refuses(bytes: number): boolean {
    if (this.#options.onFull === 'wait') return false
    const bufferedBytes = this.#accumulator.bufferedBytes + this.#waitingBytes
    return bufferedBytes > 0 && bufferedBytes + bytes > this.#options.maxBufferedBytes
  }

  submit(call: SendCall): void {
    const topic = this.#topic(call.topic)
    const info = topic.isAsking ? undefined : this.#core.metadata.cached(call.topic)
    if (info === undefined) this.#wait(call, topic)
    else this.#place(call, topic, info)
  }

  /** Lets in what there is room for. */
  admit(): void {
    let isNew = false
    for (;;) {
      const call = this.#queue[0]
      if (call === undefined) break
      if (!call.isOver) {
        const before = call.next
        this.#write(call)
        isNew ||= call.next > before
        if (call.next < call.count) break
      }
      this.#queue.shift()
      this.#waitingBytes -= call.bytes
    }
    if (isNew) this.#onReady()
  }

  /** Calls whose time is over fail, as far as they are still here. */
  giveUpOverdue(nowMs: number): void {
    const failure: Failure = { code: 'ERR_DELIVERY_TIMEOUT', message: undefined }
    for (const call of this.#calls()) if (call.deadlineMs <= nowMs) call.failRest(failure)
    this.dropOver()
  }

  failAll(failure: Failure): void {
    for (const call of this.#calls()) call.failRest(failure)
    this.dropOver()
  }

  /** Forgets calls that are over. */
  dropOver(): void {
    for (const { waiting } of this.#topics.values()) this.#removeOver(waiting)
    this.#removeOver(this.#queue)
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }

  *#calls(): Generator<SendCall> {
    for (const { waiting } of this.#topics.values()) yield* waiting
    yield* this.#queue
  }

  #removeOver(calls: SendCall[]): void {
    if (!calls.some(call => isDone(call))) return
    const rest = calls.filter(call => !isDone(call))
    for (const call of calls) if (isDone(call)) this.#waitingBytes -= call.bytes
    calls.splice(0, calls.length, ...rest)
  }

  #topic(name: string): TopicState {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = new TopicState(name, partition => this.#accumulator.queue(name, partition))
      this.#topics.set(name, topic)
    }
    return topic
  }

  #place(call: SendCall, topic: TopicState, info: TopicInfo): void {
    topic.update(info)
    const problem = this.#placement.place(call, topic)
    if (problem === undefined) this.#enter(call)
    else if (problem === 'unknownPartition') this.#wait(call, topic)
    else call.end(problem)
  }

  #enter(call: SendCall): void {
    if (this.#queue.length === 0) {
      this.#write(call)
      this.#onReady()
      if (call.next === call.count) return
    }
    this.#queue.push(call)
    this.#waitingBytes += call.bytes
    // Room is made by sending at once what waits for company.
    this.#onReady()
  }

  /** As many of its records as there is room for. */
  #write(call: SendCall): void {
    const accumulator = this.#accumulator
    const topic = this.#topic(call.topic)
    const nowMs = this.#core.env.clock.monotonicMs()
    const record = this.#record
    while (call.next < call.count) {
      const index = call.next
      const bytes = call.boundOf(index)
      if (!accumulator.hasRoom(bytes)) return
      const queue = topic.queue(call.partitions[index] as number)
      const batch = accumulator.batchFor(queue, bytes, call, nowMs)
      record.key = call.keys[index] ?? null
      record.value = call.values[index] ?? null
      record.headers = call.headers?.[index]
      record.timestamp = call.timestampOf(index)
      batch.sink.append(record)
      accumulator.written(queue, batch, call, index)
      call.next = index + 1
    }
  }

  #wait(call: SendCall, topic: TopicState): void {
    topic.waiting.push(call)
    this.#waitingBytes += call.bytes
    this.#onReady()
    if (topic.isAsking) return
    topic.isAsking = true
    this.#core.scope.spawn(`metadata of ${topic.name}`, signal => this.#ask(topic, signal))
  }

  /** Until nobody waits: whoever came meanwhile may want a partition that is not known yet. */
  async #ask(topic: TopicState, signal: AbortSignal): Promise<void> {
    while (topic.waiting.length > 0) {
      let info: TopicInfo
      try {
        info = await this.#find(topic, signal)
      } catch (error) {
        topic.isAsking = false
        this.#refuse(topic, error)
        return
      }
      this.#watch.update(this.#topics.keys())
      this.#placeWaiting(topic, info)
    }
    topic.isAsking = false
  }

  async #find(topic: TopicState, signal: AbortSignal): Promise<TopicInfo> {
    const { metadata } = this.#core
    const { allowAutoTopicCreation, deliveryTimeoutMs: timeoutMs } = this.#options
    const options = { signal, timeoutMs, allowAutoTopicCreation }
    if (metadata.cached(topic.name) === undefined) return metadata.topic(topic.name, options)
    // It is known and yet too small for somebody.
    const [fresh] = await metadata.topics([topic.name], options)
    return fresh ?? metadata.topic(topic.name, options)
  }

  #placeWaiting(topic: TopicState, info: TopicInfo): void {
    const calls = topic.waiting.splice(0)
    topic.isAsking = false
    topic.update(info)
    for (const call of calls) {
      this.#waitingBytes -= call.bytes
      if (call.isOver) continue
      const problem = this.#placement.place(call, topic)
      if (problem === undefined) this.#enter(call)
      else call.end(problem === 'unknownPartition' ? noPartition(call, info) : problem)
    }
    topic.isAsking = topic.waiting.length > 0
  }

  #refuse(topic: TopicState, cause: unknown): void {
    const calls = topic.waiting.splice(0)
    for (const call of calls) {
      this.#waitingBytes -= call.bytes
      call.end(topicError(topic.name, cause))
    }
  }
}

/** Nothing of it is left to be handed over. */
function isDone(call: SendCall): boolean {
  return call.isOver || call.next === call.count
}

function noPartition({ topic, partitions }: SendCall, info: TopicInfo): KafkaError {
  const { length } = info.partitions
  const partition = Math.max(...partitions)
  const message = `${topic} has ${length} partitions, there is no partition ${partition}`
  return new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', message, { topic, partition })
}

/** One per call, each with the stack of nobody else. */
function topicError(topic: string, cause: unknown): KafkaError {
  if (!KafkaError.is(cause)) {
    return new KafkaError('ERR_CONNECTION', `nothing is known of ${topic}`, { topic, cause })
  }
  const { code, message, retriable } = cause
  return new KafkaError(code, message, { topic, retriable, cause })
}
