// KafkaJS's handlers as handlers of ours.

import type { Consumer as OurConsumer } from '../consumer/consumer.ts'
import type { Batch as OurBatch, Message as OurMessage } from '../consumer/message.ts'
import type { BatchContext, RunOptions } from '../consumer/run-loop.ts'
import type { ClientCore } from '../core.ts'
import { translated } from './errors.ts'
import type { Events } from './events.ts'
import { type Batch, kafkaBatch, kafkaMessage } from './messages.ts'
import type { Progress } from './progress.ts'
import type {
  ConsumerEventName,
  ConsumerRunConfig,
  EachBatchPayload,
  EachMessagePayload,
  Offsets,
} from './run-config.ts'

interface HandlerDependencies {
  readonly consumer: OurConsumer
  readonly core: ClientCore
  readonly progress: Progress
  readonly events: Events<ConsumerEventName>
}

type Our = RunOptions<Buffer, Buffer>

export function runOptions(deps: HandlerDependencies, config: ConsumerRunConfig): Our {
  const { eachMessage, eachBatch, partitionsConsumedConcurrently: concurrency } = config
  if (eachMessage !== undefined) {
    return { concurrency, eachMessage: message => onMessage(deps, config, eachMessage, message) }
  }
  if (eachBatch === undefined) return { concurrency }
  return {
    concurrency,
    eachBatch: (batch, context) => onBatch(deps, config, eachBatch, batch, context),
  }
}

async function onMessage(
  deps: HandlerDependencies,
  config: ConsumerRunConfig,
  handler: (payload: EachMessagePayload) => Promise<void>,
  message: OurMessage,
): Promise<void> {
  const { topic, partition, offset } = message
  await commitAtThreshold(deps, config)
  await handler({
    topic,
    partition,
    message: kafkaMessage(message),
    heartbeat,
    pause: () => pause(deps.consumer, topic, partition),
  })
  deps.progress.resolved(topic, partition, offset + 1, 1)
}

async function onBatch(
  deps: HandlerDependencies,
  config: ConsumerRunConfig,
  handler: (payload: EachBatchPayload) => Promise<void>,
  batch: OurBatch,
  { signal, resolveOffset }: BatchContext,
): Promise<void> {
  const { consumer, core, progress, events } = deps
  const { topic, partition, firstOffset, lastOffset } = batch
  const seeks = progress.seeks(topic, partition)
  const isStale = (): boolean => progress.seeks(topic, partition) !== seeks
  let next = firstOffset
  const resolve = (offset: number): void => {
    if (isStale() || signal.aborted || offset < next) return
    progress.resolved(topic, partition, offset + 1, offset + 1 - next)
    next = offset + 1
    resolveOffset(offset)
  }
  const given = kafkaBatch(batch)
  const payload = eventPayload(given)
  const startedMs = core.env.clock.monotonicMs()
  events.emit('consumer.start_batch_process', payload, core.env)
  await handler({
    batch: given,
    resolveOffset: offset => resolve(Number(offset)),
    heartbeat,
    pause: () => pause(consumer, topic, partition),
    commitOffsetsIfNecessary: async offsets => {
      if (offsets === undefined) await commitAtThreshold(deps, config)
      else await commit(consumer, offsets)
    },
    uncommittedOffsets: () => progress.uncommitted(),
    isRunning: () => !signal.aborted,
    isStale,
  })
  const { eachBatchAutoResolve = true } = config
  if (eachBatchAutoResolve) resolve(lastOffset)
  // What was not resolved comes again.
  else if (next <= lastOffset && !isStale() && !signal.aborted) {
    consumer.seek({ topic, partition, offset: next })
  }
  await commitAtThreshold(deps, config)
  const duration = core.env.clock.monotonicMs() - startedMs
  events.emit('consumer.end_batch_process', { ...payload, duration }, core.env)
}

/** Heartbeats are sent whatever handlers do. */
const heartbeat = async (): Promise<void> => {}

function pause(consumer: OurConsumer, topic: string, partition: number): () => void {
  const partitions = [{ topic, partitions: [partition] }]
  consumer.pause(partitions)
  return () => consumer.resume(partitions)
}

async function commitAtThreshold(
  { consumer, progress }: HandlerDependencies,
  { autoCommit = true, autoCommitThreshold }: ConsumerRunConfig,
): Promise<void> {
  if (!autoCommit || typeof autoCommitThreshold !== 'number') return
  if (progress.messages >= autoCommitThreshold) await translated(() => consumer.commit())
}

async function commit(consumer: OurConsumer, { topics }: Offsets): Promise<void> {
  const offsets = topics.flatMap(({ topic, partitions }) => {
    return partitions.map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) }))
  })
  await translated(() => consumer.commit(offsets))
}

function eventPayload(batch: Batch): object {
  return {
    topic: batch.topic,
    partition: batch.partition,
    highWatermark: batch.highWatermark,
    offsetLag: batch.offsetLag(),
    offsetLagLow: batch.offsetLagLow(),
    batchSize: batch.messages.length,
    firstOffset: batch.firstOffset(),
    lastOffset: batch.lastOffset(),
  }
}
