// What a cluster is to be: zones, brokers per zone, ports, where its data lives and how durable it
// is. One schema checks what comes from code and from the command line alike.

import { ConfigError } from '@klamm/base/env'
import { z } from 'zod'

/** Where brokers run: in this event loop, or in a worker thread each. */
export type ClusterMode = 'inline' | 'worker'

const specSchema = z.strictObject({
  mode: z.enum(['inline', 'worker']).default('worker'),
  /** How many, or their names. A zone is what fails together: a rack, a host, a data centre. */
  zones: z
    .union([z.number().int().min(1).max(26), z.array(z.string().min(1)).min(1).max(26)])
    .default(3),
  brokersPerZone: z.number().int().min(1).max(30).default(1),
  /** The address clients connect to. Only loopback until clients are authenticated. */
  host: z.enum(['127.0.0.1', 'localhost', '::1']).default('127.0.0.1'),
  /** Of the first broker; each further one takes the next. 0: free ports. */
  port: z.number().int().min(0).max(65_535).default(0),
  /** Where the data is kept; left out, the data lives in memory and ends with the cluster. */
  dataDirectory: z.string().min(1).optional(),
  /** What an acknowledgement promises; `memory` needs no data directory and keeps nothing. */
  durability: z.enum(['fsync', 'os', 'memory']).optional(),
  /** Broker configs by Kafka's names; a few have other defaults here, see `defaultConfig`. */
  config: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('warn'),
})

/** What may be left out has a default: three zones, one broker each, in memory, free ports. */
export type ClusterSpec = z.input<typeof specSchema>

export type Durability = 'fsync' | 'os' | 'memory'

/** A spec with everything filled in. */
export interface CheckedSpec {
  readonly mode: ClusterMode
  readonly zones: readonly string[]
  readonly brokersPerZone: number
  readonly host: string
  readonly port: number
  readonly dataDirectory: string | undefined
  readonly durability: Durability
  readonly config: ReadonlyMap<string, string>
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

/** Throws ConfigError with one sentence that says what is wrong and what would be right. */
export function checkSpec(spec: ClusterSpec): CheckedSpec {
  const parsed = specSchema.safeParse(spec)
  if (!parsed.success) throw new ConfigError(sentence(parsed.error))
  const { data } = parsed
  const zones = typeof data.zones === 'number' ? zoneNames(data.zones) : data.zones
  if (new Set(zones).size !== zones.length) throw new ConfigError('zones: the names must differ')
  const brokers = zones.length * data.brokersPerZone
  if (data.port !== 0 && data.port + brokers - 1 > 65_535) {
    throw new ConfigError(`port: ${brokers} brokers do not fit above ${data.port}`)
  }
  return {
    mode: data.mode,
    zones,
    brokersPerZone: data.brokersPerZone,
    host: data.host,
    port: data.port,
    dataDirectory: data.dataDirectory,
    durability: durabilityOf(data.durability, data.dataDirectory),
    config: new Map([...defaultConfig(brokers), ...givenConfig(data.config)]),
    logLevel: data.logLevel,
  }
}

function durabilityOf(
  asked: Durability | undefined,
  dataDirectory: string | undefined,
): Durability {
  if (dataDirectory === undefined) {
    if (asked === undefined || asked === 'memory') return 'memory'
    throw new ConfigError(`durability: '${asked}' needs a data directory`)
  }
  return asked ?? 'fsync'
}

/**
 * What Kafka leaves at one replica is replicated here as far as there are brokers, as in managed
 * clusters: an acknowledged record is on two disks, and one broker may be missing. And one that is
 * missing is noticed in 3 s instead of 9: no network lies between the brokers, and clients with
 * KafkaJS's own retries give up after about 9 s.
 */
function defaultConfig(brokers: number): readonly (readonly [string, string])[] {
  return [
    ['default.replication.factor', `${Math.min(3, brokers)}`],
    ['min.insync.replicas', brokers >= 3 ? '2' : '1'],
    ['broker.session.timeout.ms', '3000'],
    ['broker.heartbeat.interval.ms', '500'],
  ]
}

function givenConfig(
  config: Readonly<Record<string, string | number | boolean>>,
): readonly (readonly [string, string])[] {
  return Object.entries(config).map(([name, value]) => [name, `${value}`])
}

function zoneNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `zone-${String.fromCharCode(97 + i)}`)
}

function sentence(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => `${path.length === 0 ? 'spec' : path.join('.')}: ${message}`)
    .join('; ')
}
