// Whose data directory this is, how it was left, and the few facts a broker must remember that no
// log holds. One small environment; everything in it is one checked value, so nothing of it can be
// missing alone.

import { assert, isUuid, type Random, type Uuid, uuidFrom } from '@klamm/base'
import { type Environment, type StorageEngine, StorageError } from '@klamm/base/env'
import { damaged, seal, unseal } from './sealed-value.ts'

/** Raised when the layout of a data directory changes in a way that older programs cannot read. */
export const formatVersion = 1

const environmentName = 'meta'
const metaKey = new TextEncoder().encode('meta')

export interface MetaStoreOptions {
  readonly clusterId: Uuid
  readonly brokerId: number
  /** For a directory that is formatted now; a random one by default. */
  readonly directoryId?: Uuid
  readonly random: Random
}

/** What is stored; `facts` belong to the callers of `set`. */
interface Meta {
  readonly formatVersion: number
  readonly clusterId: Uuid
  readonly brokerId: number
  readonly directoryId: Uuid
  readonly isCleanlyClosed: boolean
  readonly facts: ReadonlyMap<string, unknown>
}

/**
 * Opens the data directory of this broker, formats it when it is empty, and takes its clean mark
 * away: from here on it counts as unclean until `close`.
 *
 * Rejects with StorageError `foreign` when it belongs to another cluster or broker, and with
 * `corrupt` when it cannot be told whose it is.
 */
export async function openMetaStore(
  engine: StorageEngine,
  options: MetaStoreOptions,
): Promise<MetaStore> {
  const others = engine.list().filter(name => name !== environmentName)
  const environment = engine.open(environmentName)
  try {
    const stored = environment.get(metaKey)
    if (stored === undefined && others.length > 0) {
      throw new StorageError('corrupt', `there is data, but no identity: ${others.join(', ')}`)
    }
    const meta = stored === undefined ? format(options) : readMeta(stored)
    refuseForeign(meta, options)
    const store = new MetaStore(environment, meta, stored === undefined)
    await store.takeMarkAway()
    return store
  } catch (error) {
    await environment.close()
    throw error
  }
}

export class MetaStore {
  /** Whether the directory has been formatted just now. */
  readonly isNew: boolean
  /** Whether everything was durable and closed when the directory was last used. False when new. */
  readonly wasCleanlyClosed: boolean
  readonly #environment: Environment
  #meta: Meta

  /** See `openMetaStore`. */
  constructor(environment: Environment, meta: Meta, isNew: boolean) {
    this.#environment = environment
    this.#meta = meta
    this.isNew = isNew
    this.wasCleanlyClosed = meta.isCleanlyClosed
  }

  get clusterId(): Uuid {
    return this.#meta.clusterId
  }

  get brokerId(): number {
    return this.#meta.brokerId
  }

  /** Made once, when the directory was formatted: an emptied disk is another directory. */
  get directoryId(): Uuid {
    return this.#meta.directoryId
  }

  /** A fact that `set` stored: plain data as msgpack knows it. */
  get(name: string): unknown {
    return this.#meta.facts.get(name)
  }

  /** Resolves when it is durable, whatever the durability of the engine. */
  set(name: string, value: unknown): Promise<void> {
    const facts = new Map(this.#meta.facts)
    facts.set(name, value)
    return this.#write({ ...this.#meta, facts })
  }

  takeMarkAway(): Promise<void> {
    return this.#write({ ...this.#meta, isCleanlyClosed: false })
  }

  /**
   * Closes. `isClean`: every log was closed before, and nothing acknowledged is missing from this
   * directory, so this broker may count as in sync when it comes back.
   */
  async close(isClean: boolean): Promise<void> {
    if (isClean) await this.#write({ ...this.#meta, isCleanlyClosed: true })
    await this.#environment.close()
  }

  async #write(meta: Meta): Promise<void> {
    this.#meta = meta
    await this.#environment.commit([{ key: metaKey, value: seal(metaKey, toPlain(meta)) }])
    await this.#environment.sync()
  }
}

function format({ clusterId, brokerId, directoryId, random }: MetaStoreOptions): Meta {
  return {
    formatVersion,
    clusterId,
    brokerId,
    directoryId: directoryId ?? uuidFrom(random),
    isCleanlyClosed: false,
    facts: new Map(),
  }
}

function refuseForeign(meta: Meta, options: MetaStoreOptions): void {
  const { clusterId, brokerId } = options
  assert(isUuid(clusterId) && isUuid(meta.directoryId), 'clusters, directories are named by UUIDs')
  if (meta.clusterId === clusterId && meta.brokerId === brokerId) return
  throw new StorageError(
    'foreign',
    `the data directory is that of broker ${meta.brokerId} in cluster ${meta.clusterId}, not ` +
      `that of broker ${brokerId} in cluster ${clusterId}`,
  )
}

function toPlain(meta: Meta): unknown {
  const { clusterId, brokerId, directoryId, isCleanlyClosed, facts } = meta
  return [meta.formatVersion, clusterId, brokerId, directoryId, isCleanlyClosed, [...facts]]
}

function readMeta(stored: Uint8Array): Meta {
  const plain = unseal(metaKey, stored, 'the identity of the data directory')
  if (!Array.isArray(plain)) throw damaged('the identity of the data directory')
  const [version, clusterId, brokerId, directoryId, isCleanlyClosed, facts]: unknown[] = plain
  if (version !== formatVersion) {
    throw new StorageError(
      'foreign',
      `the data directory has format ${String(version)}, this program knows ${formatVersion}`,
    )
  }
  if (
    typeof clusterId !== 'string' ||
    typeof brokerId !== 'number' ||
    typeof directoryId !== 'string' ||
    typeof isCleanlyClosed !== 'boolean' ||
    !Array.isArray(facts)
  ) {
    throw damaged('the identity of the data directory')
  }
  const entries: readonly [string, unknown][] = facts
  return {
    formatVersion,
    clusterId,
    brokerId,
    directoryId,
    isCleanlyClosed,
    facts: new Map(entries),
  }
}
