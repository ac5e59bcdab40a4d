// Which version of each API a broker speaks, as it said itself when the connection was made.

import type { ApiSchema } from '@klamm/protocol'
import { KafkaError } from '../errors.ts'

export interface VersionRange {
  readonly minVersion: number
  readonly maxVersion: number
}

export class Versions {
  readonly #ranges: ReadonlyMap<number, VersionRange>

  constructor(ranges: ReadonlyMap<number, VersionRange>) {
    this.#ranges = ranges
  }

  /** The highest version both sides speak, or -1. `limit` caps it. */
  highest(schema: ApiSchema, limit = Number.POSITIVE_INFINITY): number {
    const range = this.#ranges.get(schema.key)
    if (range === undefined) return -1
    const [ourMin, ourMax] = schema.versions
    const version = Math.min(ourMax, range.maxVersion, limit)
    return version >= Math.max(ourMin, range.minVersion) ? version : -1
  }

  /** As `highest`; throws ERR_UNSUPPORTED_VERSION when there is none. */
  choose(schema: ApiSchema, limit?: number): number {
    const version = this.highest(schema, limit)
    if (version >= 0) return version
    const range = this.#ranges.get(schema.key)
    const [ourMin, ourMax] = schema.versions
    const theirs =
      range === undefined ? 'no version of it' : `${range.minVersion} to ${range.maxVersion}`
    const most = Math.min(ourMax, limit ?? ourMax)
    throw new KafkaError(
      'ERR_UNSUPPORTED_VERSION',
      `${schema.name}: the broker speaks ${theirs}, this client ${ourMin} to ${most}`,
    )
  }
}
