// How many connections clients may have, and for how long without using them, by Kafka's configs.

import { listOf } from '../config/definition.ts'
import { type BrokerLayers, brokerValue } from '../config/effective.ts'
import { numberOf } from '../config/topic-config.ts'
import { firstRequestTimeoutMs, maxConnections, stalledReaderMs } from '../limits.ts'
import type { IdleLimits } from './connection.ts'

export interface ConnectionLimits {
  readonly idle: IdleLimits
  /** On all of a listener. */
  readonly maxConnections: number
  /** From one address. */
  readonly maxConnectionsPerIp: number
  /** From the addresses that have a number of their own. */
  readonly overrides: ReadonlyMap<string, number>
}

/** The limits that hold now. A negative connections.max.idle.ms means no limit, as in Kafka. */
export function connectionLimits(layers: BrokerLayers): ConnectionLimits {
  const number = (name: string): number => numberOf(brokerValue(name, layers) ?? '')
  const maxIdleMs = number('connections.max.idle.ms')
  return {
    idle: {
      maxIdleMs: maxIdleMs < 0 ? Number.POSITIVE_INFINITY : maxIdleMs,
      firstRequestMs: firstRequestTimeoutMs,
      stalledMs: stalledReaderMs,
    },
    maxConnections: Math.min(maxConnections, number('max.connections')),
    maxConnectionsPerIp: number('max.connections.per.ip'),
    overrides: overridesOf(brokerValue('max.connections.per.ip.overrides', layers) ?? ''),
  }
}

/** Why one more connection from `host` is refused; undefined: it is not. */
export function refusalOf(
  limits: ConnectionLimits,
  openConnections: number,
  openFromHost: number,
  host: string,
): string | undefined {
  if (openConnections >= limits.maxConnections) return 'too many connections'
  const maxFromHost = limits.overrides.get(host) ?? limits.maxConnectionsPerIp
  return openFromHost >= maxFromHost ? `too many connections from ${host}` : undefined
}

/** `127.0.0.1` of `127.0.0.1:51234` and of `[::ffff:127.0.0.1]:51234`; `::1` of `[::1]:51234`. */
export function hostOf(remoteAddress: string): string {
  const end = remoteAddress.lastIndexOf(':')
  const host = end < 0 ? remoteAddress : remoteAddress.slice(0, end)
  return host.replace(/^\[(?:::ffff:(?=\d+\.))?(.*)\]$/, '$1')
}

/** `127.0.0.1:100,::1:200`. What is no such pair is passed over. */
function overridesOf(text: string): ReadonlyMap<string, number> {
  const overrides = new Map<string, number>()
  for (const pair of listOf(text)) {
    const end = pair.lastIndexOf(':')
    const count = Number(pair.slice(end + 1))
    if (end > 0 && Number.isInteger(count) && count >= 0) overrides.set(pair.slice(0, end), count)
  }
  return overrides
}
