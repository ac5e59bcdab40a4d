// The codec of the hottest messages. Records pass through by reference, so requests that carry them
// are measured by one copy of their bytes; metadata by JSON of the same value.

import { Buffer } from 'node:buffer'
import { seededRandom } from '@klamm/base'
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  Fetch,
  type FetchResponse,
  Metadata,
  type MetadataResponse,
  Produce,
  type ProduceRequest,
  peekRequestHeader,
  zeroUuid,
} from '@klamm/protocol'
import type { Comparison } from './compare.ts'

const topicId = 'AAAAAAAAAAAAAAAAAAAAZQ'
const partitions = Array.from({ length: 10 }, (_, index) => index)
const records = seededRandom('records').bytes(16 * 1024)
const version = 13

export function comparisons(): Comparison[] {
  return [produce(), fetch(), metadata()]
}

function produce(): Comparison {
  const request: ProduceRequest = {
    transactionalId: null,
    acks: -1,
    timeoutMs: 30_000,
    topicData: [
      {
        name: '',
        topicId,
        partitionData: partitions.map(index => ({ index, records: [records] })),
      },
    ],
  }
  const encode = () => encodeRequest(Produce, version, 1, 'bench', request)
  const frame = Buffer.concat(encode()).subarray(4)
  return {
    name: 'Produce request, 10 partitions of 16 KiB',
    variants: [
      { name: 'one copy of its bytes', run: () => Buffer.from(frame) },
      { name: 'encode', run: encode },
      {
        name: 'decode',
        run: () => decodeRequest(Produce, version, frame, peekRequestHeader(frame).bodyOffset),
      },
    ],
  }
}

function fetch(): Comparison {
  const response: FetchResponse = {
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 0,
    responses: [
      {
        topic: '',
        topicId,
        partitions: partitions.map(partitionIndex => ({
          partitionIndex,
          errorCode: 0,
          highWatermark: 1_000_000,
          lastStableOffset: 1_000_000,
          logStartOffset: 0,
          divergingEpoch: { epoch: -1, endOffset: -1 },
          currentLeader: { leaderId: -1, leaderEpoch: -1 },
          snapshotId: { endOffset: -1, epoch: -1 },
          abortedTransactions: null,
          preferredReadReplica: -1,
          records: [records],
        })),
      },
    ],
    nodeEndpoints: [],
  }
  const encode = () => encodeResponse(Fetch, version, 1, response)
  const frame = Buffer.concat(encode()).subarray(4)
  return {
    name: 'Fetch response, 10 partitions of 16 KiB',
    variants: [
      { name: 'one copy of its bytes', run: () => Buffer.from(frame) },
      { name: 'encode', run: encode },
      { name: 'decode', run: () => decodeResponse(Fetch, version, frame) },
    ],
  }
}

function metadata(): Comparison {
  const response: MetadataResponse = {
    throttleTimeMs: 0,
    brokers: [1, 2, 3].map(nodeId => ({ nodeId, host: `broker-${nodeId}`, port: 9092, rack: 'a' })),
    clusterId: zeroUuid,
    controllerId: 1,
    topics: Array.from({ length: 100 }, (_, index) => ({
      errorCode: 0,
      name: `topic-${index}`,
      topicId,
      isInternal: false,
      partitions: partitions.map(partitionIndex => ({
        errorCode: 0,
        partitionIndex,
        leaderId: 1,
        leaderEpoch: 7,
        replicaNodes: [1, 2, 3],
        isrNodes: [1, 2, 3],
        offlineReplicas: [],
      })),
      topicAuthorizedOperations: -0x80000000,
    })),
    clusterAuthorizedOperations: -0x80000000,
    errorCode: 0,
  }
  const encode = () => encodeResponse(Metadata, version, 1, response)
  const frame = Buffer.concat(encode()).subarray(4)
  const json = JSON.stringify(response)
  return {
    name: 'Metadata response, 100 topics of 10 partitions',
    variants: [
      { name: 'JSON.stringify', run: () => JSON.stringify(response) },
      { name: 'JSON.parse', run: () => JSON.parse(json) },
      { name: 'encode', run: encode },
      { name: 'decode', run: () => decodeResponse(Metadata, version, frame) },
    ],
  }
}
