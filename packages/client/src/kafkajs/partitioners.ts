// KafkaJS's partitioners: its two are ours by name, a program's own is called as KafkaJS does.

import { Buffer } from 'node:buffer'
import type { ClientCore } from '../core.ts'
import type { PartitionInfo } from '../metadata/topic-info.ts'
import type { PartitionerName } from '../partitioners/named.ts'
import type { PartitionFunction } from '../partitioners/partitioner.ts'
import { KafkaJSNonRetriableError } from './errors.ts'
import type { MessageHeaders } from './messages.ts'

export interface PartitionMetadata {
  partitionErrorCode: number
  partitionId: number
  /** -1 when there is none. */
  leader: number
  replicas: number[]
  isr: number[]
  offlineReplicas?: number[]
}

export interface PartitionerArgs {
  topic: string
  partitionMetadata: PartitionMetadata[]
  message: { key?: Buffer | null; value: Buffer | null; headers?: MessageHeaders }
}

export type CreatePartitioner = () => (args: PartitionerArgs) => number

function named(name: string): CreatePartitioner {
  return () => {
    throw new KafkaJSNonRetriableError(`${name} is to be given to createPartitioner as it is`)
  }
}

const defaultPartitioner = named('DefaultPartitioner')
const legacyPartitioner = named('LegacyPartitioner')

export const Partitioners = {
  DefaultPartitioner: defaultPartitioner,
  LegacyPartitioner: legacyPartitioner,
  JavaCompatiblePartitioner: defaultPartitioner,
}

export function partitionerOf(
  create: CreatePartitioner | undefined,
  core: ClientCore,
): PartitionerName | PartitionFunction {
  if (create === undefined || create === defaultPartitioner) return 'murmur2'
  if (create === legacyPartitioner) return 'kafkajsLegacy'
  const partition = create()
  return ({ topic, key, value, headers }) => {
    const byName: MessageHeaders = {}
    for (const header of headers ?? []) {
      Object.defineProperty(byName, header.key, {
        value: bufferOf(header.value),
        enumerable: true,
        configurable: true,
      })
    }
    const message = { key: bufferOf(key), value: bufferOf(value), headers: byName }
    return partition({ topic, partitionMetadata: partitionsOf(core, topic), message })
  }
}

function partitionsOf(core: ClientCore, topic: string): PartitionMetadata[] {
  return (core.metadata.cached(topic)?.partitions ?? []).map(partitionMetadata)
}

export function partitionMetadata(info: PartitionInfo): PartitionMetadata {
  const { partition: partitionId, leaderId: leader, replicas, isr, offline } = info
  return {
    partitionErrorCode: 0,
    partitionId,
    leader,
    replicas: [...replicas],
    isr: [...isr],
    offlineReplicas: [...offline],
  }
}

function bufferOf(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
