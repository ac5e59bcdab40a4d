// Logging for real brokers: one line of JSON per entry, by pino.

import { type DestinationStream, type Logger as Pino, pino, stdSerializers } from 'pino'
import type { LogFields, Logger } from '../env/index.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LoggerOptions {
  /** The least that is written; `info` when left out. */
  readonly level?: LogLevel
  /** On every line: broker id, cluster id. */
  readonly fields?: LogFields
  /** Standard output when left out. */
  readonly destination?: DestinationStream
}

export function createLogger(options: LoggerOptions = {}): Logger {
  const settings = {
    level: options.level ?? 'info',
    base: { ...options.fields },
    messageKey: 'message',
    serializers: { error: stdSerializers.err, cause: stdSerializers.err },
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const { destination } = options
  return new PinoLogger(destination === undefined ? pino(settings) : pino(settings, destination))
}

class PinoLogger implements Logger {
  readonly #pino: Pino

  constructor(target: Pino) {
    this.#pino = target
  }

  debug(message: string, fields?: LogFields): void {
    this.#pino.debug(fields ?? {}, message)
  }

  info(message: string, fields?: LogFields): void {
    this.#pino.info(fields ?? {}, message)
  }

  warn(message: string, fields?: LogFields): void {
    this.#pino.warn(fields ?? {}, message)
  }

  error(message: string, fields?: LogFields): void {
    this.#pino.error(fields ?? {}, message)
  }

  child(fields: LogFields): Logger {
    return new PinoLogger(this.#pino.child(fields))
  }
}
