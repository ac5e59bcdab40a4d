// The options of a producer with nothing left out and everything checked.

import type { Random } from '@klamm/base'
import { type CompressionName, compressionNames } from '@klamm/protocol'
import type { Acks, BatchSettings } from '../accumulator/batch.ts'
import { KafkaError } from '../errors.ts'
import { partitionerNamed } from '../partitioners/named.ts'
import type { Partitioner } from '../partitioners/partitioner.ts'
import type { SendSettings } from './messages.ts'
import type { ProducerOptions } from './producer-options.ts'

export interface ResolvedProducerOptions {
  readonly settings: BatchSettings
  readonly isIdempotent: boolean
  readonly lingerMs: number
  readonly lingersWhenIdle: boolean
  readonly batchBytes: number
  readonly maxBufferedBytes: number
  readonly onFull: 'wait' | 'throw'
  readonly deliveryTimeoutMs: number
  readonly maxInFlight: number
  readonly partitioner: Partitioner
  readonly allowAutoTopicCreation: boolean
}

/** How many batches of a producer a broker remembers per partition (KIP-98). */
const maxIdempotentInFlight = 5

/** What goes to one partition in a row without a key, in bytes: a batch worth sending. */
const stickyRunBytes = 64 * 1024

/** Throws ERR_INVALID_ARGUMENT. */
export function resolveProducerOptions<K, V>(
  options: ProducerOptions<K, V>,
  random: Random,
): ResolvedProducerOptions {
  const acks = acksOf(options.acks ?? 'all')
  const isIdempotent = options.idempotent ?? acks === 'all'
  if (isIdempotent && acks !== 'all') {
    throw invalid(`idempotence needs the acknowledgement of all replicas, not acks ${acks}`)
  }
  const maxInFlight = integer('maxInFlight', options.maxInFlight ?? 5, 1)
  if (isIdempotent && maxInFlight > maxIdempotentInFlight) {
    throw invalid(`maxInFlight is at most ${maxIdempotentInFlight} with idempotence`)
  }
  const batchBytes = integer('batchBytes', options.batchBytes ?? 1024 * 1024, 1)
  const { onFull = 'wait' } = options
  if (onFull !== 'wait' && onFull !== 'throw') throw invalid(`onFull is wait or throw`)
  return {
    settings: { acks, compression: compressionOf(options.compression ?? 'none') },
    isIdempotent,
    lingerMs: milliseconds('lingerMs', options.lingerMs ?? 5, 0),
    lingersWhenIdle: options.lingerMs !== undefined,
    batchBytes,
    maxBufferedBytes: integer('maxBufferedBytes', options.maxBufferedBytes ?? 64 * 1024 * 1024, 1),
    onFull,
    deliveryTimeoutMs: milliseconds('deliveryTimeoutMs', options.deliveryTimeoutMs ?? 120_000, 1),
    maxInFlight,
    partitioner: partitionerOf(options.partitioner, Math.min(batchBytes, stickyRunBytes), random),
    allowAutoTopicCreation: options.allowAutoTopicCreation ?? true,
  }
}

/** What one call says, and the producer's own where it says nothing. */
export function settingsOf(call: SendSettings, own: BatchSettings): BatchSettings {
  if (call.acks === undefined && call.compression === undefined) return own
  return {
    acks: call.acks === undefined ? own.acks : acksOf(call.acks),
    compression: call.compression === undefined ? own.compression : compressionOf(call.compression),
  }
}

function acksOf(acks: Acks | -1): Acks {
  if (acks === -1) return 'all'
  if (acks === 'all' || acks === 1 || acks === 0) return acks
  throw invalid(`acks is all (-1), 1 or 0, not ${String(acks)}`)
}

function compressionOf(name: CompressionName): CompressionName {
  if (compressionNames.includes(name)) return name
  throw invalid(`compression is one of ${compressionNames.join(', ')}, not ${String(name)}`)
}

function partitionerOf(
  given: ProducerOptions<never, never>['partitioner'],
  runBytes: number,
  random: Random,
): Partitioner {
  if (typeof given === 'function') return { partition: given }
  if (typeof given === 'object' && typeof given.partition === 'function') return given
  const name = given ?? 'murmur2'
  const named = typeof name === 'string' ? partitionerNamed(name, runBytes, random) : undefined
  if (named !== undefined) return named
  throw invalid(`there is no partitioner ${String(name)}`)
}

function integer(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw invalid(`${name} is an integer of at least ${least}, not ${String(value)}`)
}

function milliseconds(name: string, value: number, least: number): number {
  if (typeof value === 'number' && value >= least) return value
  throw invalid(`${name} is a number of milliseconds of at least ${least}, not ${String(value)}`)
}

function invalid(problem: string): KafkaError {
  return new KafkaError('ERR_INVALID_ARGUMENT', problem)
}
