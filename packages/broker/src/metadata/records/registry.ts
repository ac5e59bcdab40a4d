// Metadata records as plain values (arrays of numbers, strings, booleans, null) and back. Turning
// plain values into bytes is the business of the raft driver.

import { assert, present } from '@klamm/base'
import {
  flag,
  integer,
  listOf,
  oneOf,
  optional,
  type Plain,
  type PlainCodec,
  rowOf,
  text,
} from './plain.ts'
import type { Endpoint, FeatureRange, MetadataRecord } from './records.ts'

export type { Plain } from './plain.ts'

type Kind = MetadataRecord['kind']
type RecordOf<K extends Kind> = Extract<MetadataRecord, { readonly kind: K }>

/** How one type of record looks: `[code, version, ...fields]`, fields in the order of the table. */
interface RecordTable<R> {
  /** The number of Kafka's record of the same purpose, where there is one. */
  readonly code: number
  readonly version: number
  readonly fields: { readonly [F in Exclude<keyof R, 'kind'>]: PlainCodec<R[F]> }
}

const ids = listOf(integer)
const recoveryState = oneOf(['recovered', 'recovering'] as const)

const endpoint = rowOf<Endpoint>({
  listener: text,
  host: text,
  port: integer,
  securityProtocol: integer,
})

const feature = rowOf<FeatureRange>({ name: text, minLevel: integer, maxLevel: integer })

const tables: { readonly [K in Kind]: RecordTable<RecordOf<K>> } = {
  unregisterBroker: { code: 1, version: 0, fields: { brokerId: integer, brokerEpoch: integer } },
  topic: { code: 2, version: 0, fields: { topicId: text, name: text } },
  partition: {
    code: 3,
    version: 0,
    fields: {
      topicId: text,
      partitionIndex: integer,
      replicas: ids,
      isr: ids,
      elr: ids,
      lastKnownElr: ids,
      addingReplicas: ids,
      removingReplicas: ids,
      leader: integer,
      leaderRecoveryState: recoveryState,
      leaderEpoch: integer,
      partitionEpoch: integer,
    },
  },
  config: {
    code: 4,
    version: 0,
    fields: {
      resourceType: oneOf(['topic', 'broker', 'group', 'clientMetrics'] as const),
      resourceName: text,
      name: text,
      value: optional(text),
    },
  },
  partitionChange: {
    code: 5,
    version: 0,
    fields: {
      topicId: text,
      partitionIndex: integer,
      isr: optional(ids),
      leader: optional(integer),
      replicas: optional(ids),
      addingReplicas: optional(ids),
      removingReplicas: optional(ids),
      leaderRecoveryState: optional(recoveryState),
      elr: optional(ids),
      lastKnownElr: optional(ids),
    },
  },
  removeTopic: { code: 9, version: 0, fields: { topicId: text } },
  featureLevel: { code: 12, version: 0, fields: { name: text, level: integer } },
  producerIds: {
    code: 15,
    version: 0,
    fields: { brokerId: integer, brokerEpoch: integer, nextProducerId: integer },
  },
  brokerChange: {
    code: 17,
    version: 0,
    fields: {
      brokerId: integer,
      brokerEpoch: integer,
      fenced: optional(flag),
      inControlledShutdown: optional(flag),
    },
  },
  noOp: { code: 20, version: 0, fields: {} },
  registerBroker: {
    code: 27,
    version: 0,
    fields: {
      brokerId: integer,
      brokerEpoch: integer,
      incarnationId: text,
      endpoints: listOf(endpoint),
      features: listOf(feature),
      zone: optional(text),
      fenced: flag,
      inControlledShutdown: flag,
      logDirs: listOf(text),
    },
  },
}

interface AnyField {
  readonly name: string
  /** `kind.name`, for messages. */
  readonly where: string
  readonly codec: PlainCodec<unknown>
}

/** One type of record, without its own type: what reads and writes any of them. */
interface AnyTable {
  readonly kind: Kind
  readonly code: number
  readonly version: number
  readonly fields: readonly AnyField[]
}

const byKind = new Map<Kind, AnyTable>()
const byCode = new Map<number, AnyTable>()
for (const [kind, { code, version, fields }] of Object.entries(tables)) {
  const entries: readonly [string, PlainCodec<unknown>][] = Object.entries(fields)
  const table: AnyTable = {
    kind: kind as Kind,
    code,
    version,
    fields: entries.map(([name, codec]) => ({ name, where: `${kind}.${name}`, codec })),
  }
  assert(!byCode.has(code), 'every record type has a code of its own')
  byKind.set(table.kind, table)
  byCode.set(code, table)
}

/** `[code, version, ...fields]`. */
export function toPlain(record: MetadataRecord): Plain {
  const { code, version, fields } = present(byKind.get(record.kind), 'every kind has a table')
  const values = new Map<string, unknown>(Object.entries(record))
  const plain: Plain[] = [code, version]
  for (const { name, where, codec } of fields) plain.push(codec.write(values.get(name), where))
  return plain
}

/**
 * The record. Throws InvariantError when the value is not one; also when this broker does not know
 * its type or version: it must stop rather than go on without a decision of its controller.
 */
export function fromPlain(value: unknown): MetadataRecord {
  assert(Array.isArray(value), 'a metadata record is a list')
  const [code, version, ...values]: readonly unknown[] = value
  const table = typeof code === 'number' ? byCode.get(code) : undefined
  assert(table !== undefined, 'the type of a metadata record is known', () => `${code}`)
  const { kind, fields } = table
  assert(version === table.version, 'the version of a metadata record is known', () => {
    return `${kind} version ${version}`
  })
  assert(values.length === fields.length, 'a metadata record has all its fields', () => kind)
  const read: { [name: string]: unknown } = {}
  fields.forEach(({ name, where, codec }, index) => {
    read[name] = codec.read(values[index], where)
  })
  // The fields were checked one by one against the table, which has the type of the record.
  return { kind, ...read } as MetadataRecord
}

/** The records of one raft entry, in plain form. */
export function batchToPlain(records: readonly MetadataRecord[]): Plain {
  return records.map(toPlain)
}

/** Throws InvariantError, see `fromPlain`. */
export function batchFromPlain(value: unknown): readonly MetadataRecord[] {
  assert(Array.isArray(value), 'an entry of the metadata log is a list of records')
  return value.map(fromPlain)
}
