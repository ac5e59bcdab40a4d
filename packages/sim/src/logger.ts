// Logging into the trace: what a node says is part of what happened, and so of the hash.

import { toHex } from '@klamm/base'
import type { LogFields, Logger } from '@klamm/base/env'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

const severity: { readonly [K in LogLevel]: number } = { debug: 0, info: 1, warn: 2, error: 3 }

export class SimLogger implements Logger {
  readonly #record: (kind: string, detail: string) => void
  readonly #level: LogLevel
  readonly #fields: LogFields

  constructor(
    record: (kind: string, detail: string) => void,
    level: LogLevel,
    fields: LogFields = {},
  ) {
    this.#record = record
    this.#level = level
    this.#fields = fields
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields)
  }

  child(fields: LogFields): Logger {
    return new SimLogger(this.#record, this.#level, { ...this.#fields, ...fields })
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (severity[level] < severity[this.#level]) return
    const text = JSON.stringify({ ...this.#fields, ...fields }, plain)
    this.#record(level, text === '{}' ? message : `${message} ${text}`)
  }
}

/** Stack traces and the like hold paths and line numbers: not part of what happened. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}`
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (value instanceof Uint8Array) return toHex(value.subarray(0, 32))
  if (value instanceof Map) return [...value]
  if (value instanceof Set) return [...value]
  return value
}
