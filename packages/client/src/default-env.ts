// The world as Node has it: sockets, TLS, real time. The only file here that imports it.

import { type Network, silentLogger } from '@klamm/base/env'
import {
  createLogger,
  type LogLevel,
  nodeClock,
  SocketNetwork,
  systemRandom,
} from '@klamm/base/node'
import type { ClientEnv } from './env.ts'
import type { KafkaOptions } from './options.ts'

/** Node's own, but for what the options bring themselves. */
export function environmentOf(options: KafkaOptions, connectionTimeoutMs: number): ClientEnv {
  const { env = {}, logger = 'silent' } = options
  return {
    clock: env.clock ?? nodeClock,
    random: env.random ?? systemRandom(),
    network: env.network ?? sockets(options, connectionTimeoutMs),
    log: env.log ?? (typeof logger === 'string' ? loggerAt(logger) : logger),
  }
}

function loggerAt(level: LogLevel) {
  return level === 'silent' ? silentLogger : createLogger({ level })
}

function sockets({ ssl = false }: KafkaOptions, connectTimeoutMs: number): Network {
  if (ssl === false) return new SocketNetwork({ connectTimeoutMs })
  return new SocketNetwork({ connectTimeoutMs, tlsConnect: ssl === true ? {} : ssl })
}
