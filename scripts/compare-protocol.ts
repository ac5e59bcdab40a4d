// Compares our message tables and error codes with Kafka's own definitions, given as JSON: encode
// and decode derive from one table and would agree with each other on a mistake in it.
//
//   node scripts/compare-protocol.ts kafka-messages.json kafka-tables.json
//
// Prints every difference that is not listed below as deliberate; exit code 1 when there is one.

import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import {
  apiKeys,
  apiSchemas,
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  type DataSchema,
  type ErrorName,
  errorCodes,
  type Field,
  type Fields,
  GroupMetadataKey,
  GroupMetadataValue,
  isInvalidMetadata,
  isRetriable,
  OffsetCommitKey,
  OffsetCommitValue,
  zeroUuid,
} from '../packages/protocol/src/index.ts'
import { isCarried, type Wire } from '../packages/protocol/src/schema.ts'

export interface KafkaField {
  readonly name: string
  readonly type: string
  readonly versions?: string
  readonly taggedVersions?: string
  readonly nullableVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean
  readonly fields?: readonly KafkaField[]
}

export interface KafkaMessage {
  readonly apiKey?: number
  readonly type: string
  readonly name: string
  readonly validVersions: string
  readonly flexibleVersions?: string
  readonly listeners?: readonly string[]
  readonly fields?: readonly KafkaField[]
  readonly commonStructs?: readonly KafkaField[]
}

export interface KafkaMessages {
  readonly messages: readonly KafkaMessage[]
  readonly groupCoordinatorRecords: readonly KafkaMessage[]
}

export interface KafkaTables {
  readonly errors: readonly {
    readonly code: number
    readonly name: string
    readonly retriable: boolean
    readonly invalidMetadata: boolean
  }[]
}

/** Versions that we describe and Kafka does not list as valid, or the other way round. */
const deliberateVersions = new Map<string, string>([
  // 0 to 2 are advertised, never served (KAFKA-18659).
  ['Produce', '3-13'],
  // Two-phase commit (KIP-939) is marked unstable.
  ['InitProducerId', '0-6'],
  // v3 adds errorMessage only.
  ['DeleteGroups', '0-3'],
])

/** Our type of a field where it is not the one of the same name. */
const deliberateTypes = new Map<string, string>([
  ['Fetch.request.topics.partitions.fetchOffset', 'int64Clamped'],
  ['Fetch.request.topics.partitions.highWatermark', 'int64Clamped'],
  ['ListOffsets.request.topics.partitions.timestamp', 'int64Clamped'],
  ['DeleteRecords.request.topics.partitions.offset', 'int64Clamped'],
])

/** Every difference that is not deliberate. The error codes are compared when `tables` is given. */
export function compareProtocol(
  messages: KafkaMessages,
  tables: KafkaTables | undefined,
): string[] {
  const differences: string[] = []
  const byName = new Map(messages.messages.map(message => [message.name, message]))
  for (const schema of apiSchemas) {
    for (const side of ['request', 'response'] as const) {
      const kafkaName = schema.name + (side === 'request' ? 'Request' : 'Response')
      const kafka = byName.get(kafkaName)
      if (kafka === undefined) {
        differences.push(`${kafkaName}: Kafka has no such message`)
        continue
      }
      if (kafka.apiKey !== schema.key) differences.push(`${kafkaName}: key ${kafka.apiKey}`)
      const data = { ...schema, fields: schema[side] }
      differences.push(...compareMessage(data, kafka, `${schema.name}.${side}`))
    }
  }
  differences.push(...compareKeys(messages.messages))
  differences.push(...compareData(byName, messages.groupCoordinatorRecords))
  if (tables !== undefined) differences.push(...compareErrors(tables))
  return differences
}

/** The table of all keys, also of the APIs that have no message table. */
function compareKeys(messages: readonly KafkaMessage[]): string[] {
  const differences: string[] = []
  const ours = new Map(Object.entries(apiKeys))
  for (const kafka of messages) {
    if (kafka.type !== 'request') continue
    const name = kafka.name.slice(0, -'Request'.length)
    const row = ours.get(name)
    ours.delete(name)
    if (row?.key !== kafka.apiKey) differences.push(`key of ${name}: ours ${row?.key}`)
    if (row?.flexibleSince !== firstFlexible(kafka)) {
      differences.push(
        `${name} is flexible since ${firstFlexible(kafka)}: ours ${row?.flexibleSince}`,
      )
    }
    const isForPeers = row?.askedBy === 'peer'
    if (!isForPeers && kafka.listeners?.includes('broker') !== true) {
      differences.push(`${name} is asked by peers only`)
    }
  }
  for (const name of ours.keys()) differences.push(`Kafka has no API ${name}`)
  return differences
}

function compareData(
  messages: ReadonlyMap<string, KafkaMessage>,
  records: readonly KafkaMessage[],
): string[] {
  const byName = new Map(records.map(record => [record.name, record]))
  // What a key's version says in ours, the record's own number says in Kafka's.
  const key = (name: string, schema: DataSchema): [KafkaMessage | undefined, DataSchema] => [
    byName.get(name),
    { ...schema, versions: [0, 0] },
  ]
  const pairs: [KafkaMessage | undefined, DataSchema][] = [
    [messages.get('ConsumerProtocolSubscription'), ConsumerProtocolSubscription],
    [messages.get('ConsumerProtocolAssignment'), ConsumerProtocolAssignment],
    key('LegacyOffsetCommitKey', OffsetCommitKey),
    key('OffsetCommitKey', OffsetCommitKey),
    key('GroupMetadataKey', GroupMetadataKey),
    [byName.get('OffsetCommitValue'), OffsetCommitValue],
    [byName.get('GroupMetadataValue'), GroupMetadataValue],
    [byName.get('LegacyOffsetCommitValue'), { ...OffsetCommitValue, versions: [0, 0] }],
  ]
  return pairs.flatMap(([kafka, schema]) =>
    kafka === undefined
      ? [`${schema.name}: Kafka has no such message`]
      : compareMessage(schema, kafka, kafka.name),
  )
}

function compareErrors(tables: KafkaTables): string[] {
  const differences: string[] = []
  const missing = new Map<string, number>(Object.entries(errorCodes))
  for (const { name, code, retriable, invalidMetadata } of tables.errors) {
    const ours = missing.get(name)
    missing.delete(name)
    if (ours !== code) {
      differences.push(`error ${name}: ours ${ours}, Kafka's ${code}`)
      continue
    }
    const errorName = name as ErrorName
    if (isRetriable(errorName) !== retriable) differences.push(`error ${name}: retriable`)
    if (isInvalidMetadata(errorName) !== invalidMetadata) {
      differences.push(`error ${name}: invalidMetadata`)
    }
  }
  for (const name of missing.keys()) differences.push(`error ${name}: Kafka has none`)
  return differences
}

/** One table with one of Kafka's definitions; `path` begins every difference. */
export function compareMessage(schema: DataSchema, kafka: KafkaMessage, path: string): string[] {
  const differences: string[] = []
  const [first, last] = schema.versions
  const ours = first === last ? `${first}` : `${first}-${last}`
  if (kafka.validVersions !== ours && deliberateVersions.get(schema.name) !== kafka.validVersions) {
    differences.push(`${path}: versions ours ${ours}, Kafka's ${kafka.validVersions}`)
  }
  for (let version = first; version <= last; version++) {
    if (version >= schema.flexibleSince === version >= firstFlexible(kafka)) continue
    differences.push(`v${version} ${path}: flexible ours ${version >= schema.flexibleSince}`)
  }
  const structs = new Map(kafka.commonStructs?.map(struct => [struct.name, struct]))
  for (let version = first; version <= last; version++) {
    const context = { version, structs, path }
    for (const difference of compareFields(schema.fields, kafka.fields ?? [], context)) {
      differences.push(`v${version} ${difference}`)
    }
  }
  return differences
}

interface Context {
  readonly version: number
  readonly structs: ReadonlyMap<string, KafkaField>
  readonly path: string
}

function compareFields(ours: Fields, kafka: readonly KafkaField[], context: Context): string[] {
  const { version, path } = context
  const oursHere = Object.entries(ours).filter(([, field]) => isCarried(field, version))
  const kafkaHere = kafka.filter(field => includes(field.versions ?? field.taggedVersions, version))
  const ourNames = oursHere.map(([name]) => name).join(' ')
  const kafkaNames = kafkaHere.map(({ name }) => camelCase(name)).join(' ')
  // The order is the order on the wire.
  if (ourNames !== kafkaNames) return [`${path}: ours (${ourNames}), Kafka's (${kafkaNames})`]
  const differences: string[] = []
  for (const [i, [name, field]] of oursHere.entries()) {
    const other = kafkaHere[i]
    if (other === undefined) continue
    differences.push(...compareField(field, other, { ...context, path: `${path}.${name}` }))
  }
  return differences
}

function compareField(ours: Field<unknown>, kafka: KafkaField, context: Context): string[] {
  const { version, path } = context
  const differences: string[] = []
  const isNullable = version >= ours.nullableSince
  // Record batches are always nullable with us; Kafka says so where they are.
  if (isNullable !== includes(kafka.nullableVersions, version)) {
    differences.push(`${path}: nullable ours ${isNullable}`)
  }
  const kafkaTag = includes(kafka.taggedVersions, version) ? kafka.tag : undefined
  if (ours.tag !== kafkaTag) differences.push(`${path}: tag ours ${ours.tag}, Kafka's ${kafkaTag}`)
  if (!isSameDefault(ours, kafka)) {
    differences.push(`${path}: default ours ${String(ours.default)}, Kafka's ${kafka.default}`)
  }
  const type = kafka.type.replace('[]', '')
  const element = elementOf(ours.wire)
  const isArray = ours.wire.kind === 'array'
  if (isArray !== kafka.type.startsWith('[]')) differences.push(`${path}: array ours ${isArray}`)
  if (element.kind === 'struct') {
    const fields = kafka.fields ?? context.structs.get(type)?.fields
    if (fields === undefined) differences.push(`${path}: a struct, Kafka's ${type}`)
    else differences.push(...compareFields(element.fields, fields, context))
  } else if (element.kind !== type && deliberateTypes.get(path) !== element.kind) {
    differences.push(`${path}: type ours ${element.kind}, Kafka's ${type}`)
  }
  return differences
}

function elementOf(wire: Wire): Wire {
  return wire.kind === 'array' ? wire.element : wire
}

function isSameDefault(ours: Field<unknown>, kafka: KafkaField): boolean {
  const value = ours.default
  const { kind } = ours.wire
  const given = kafka.default === undefined ? undefined : `${kafka.default}`
  if (given === 'null') return value === null
  if (kind === 'array') return Array.isArray(value) && value.length === 0
  // With Kafka a nullable string is empty unless told otherwise; for us absence is null.
  if (value === null) return given === undefined && ours.nullableSince !== Number.POSITIVE_INFINITY
  switch (kind) {
    case 'struct':
      return typeof value === 'object'
    case 'bytes':
      return value instanceof Uint8Array && value.length === 0
    case 'string':
      return value === (given ?? '')
    case 'uuid':
      return value === (given ?? zeroUuid)
    case 'bool':
      return value === (given?.toLowerCase() === 'true')
    case 'int64Clamped':
      return value === Math.min(Number(given ?? 0), Number.MAX_SAFE_INTEGER)
    default:
      return Number(value) === Number(given ?? 0)
  }
}

function firstFlexible({ flexibleVersions }: KafkaMessage): number {
  if (flexibleVersions === undefined || flexibleVersions === 'none') return Number.POSITIVE_INFINITY
  return Number.parseInt(flexibleVersions, 10)
}

/** `3`, `3-5`, `3+` or `none`. */
function includes(versions: string | undefined, version: number): boolean {
  if (versions === undefined || versions === 'none') return false
  const first = Number.parseInt(versions, 10)
  if (versions.endsWith('+')) return version >= first
  const last = versions.includes('-') ? Number(versions.split('-')[1]) : first
  return version >= first && version <= last
}

function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [messagesPath, tablesPath] = process.argv.slice(2)
  if (messagesPath === undefined || tablesPath === undefined) {
    console.error('usage: compare-protocol.ts kafka-messages.json kafka-tables.json')
    process.exit(2)
  }
  const differences = compareProtocol(readJson(messagesPath), readJson(tablesPath))
  for (const difference of differences) console.error(difference)
  console.error(`${differences.length} differences`)
  process.exitCode = differences.length === 0 ? 0 : 1
}
