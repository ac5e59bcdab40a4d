// The data directory of a cluster on this machine: which cluster it holds, in which shape, and that
// only one process uses it.
//
//   <data>/cluster.json   what this page writes once
//   <data>/broker-<id>/   one directory per broker, owned by it once it has started

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Random, type Uuid, uuidFrom } from '@klamm/base'
import { ConfigError, StorageError } from '@klamm/base/env'
import { lockDirectory, type ProcessLock } from '@klamm/base/node'
import { z } from 'zod'
import { markFirstStart } from './first-start.ts'
import type { NodePlan } from './plan.ts'
import type { CheckedSpec } from './spec.ts'

const formatVersion = 1

const contentSchema = z.strictObject({
  formatVersion: z.literal(formatVersion),
  clusterId: z.string().length(22),
  zones: z.array(z.string()).min(1),
  brokersPerZone: z.number().int().min(1),
  /** Identity of each broker's first directory, by broker id. */
  directoryIds: z.record(z.string(), z.string().length(22)),
})

type Content = z.infer<typeof contentSchema>

/** What makes a cluster that cluster. */
export interface ClusterIdentity {
  readonly clusterId: Uuid
  readonly directoryIds: ReadonlyMap<number, Uuid>
}

export class ClusterDirectory implements AsyncDisposable {
  readonly path: string
  readonly identity: ClusterIdentity
  readonly #lock: ProcessLock

  private constructor(path: string, identity: ClusterIdentity, lock: ProcessLock) {
    this.path = path
    this.identity = identity
    this.#lock = lock
  }

  /**
   * Takes the directory for this process; makes it when there is none. Throws ConfigError when it
   * is in use, holds something else, or a cluster of another shape; then nothing in it was changed.
   */
  static async open(
    path: string,
    spec: CheckedSpec,
    nodes: readonly NodePlan[],
    random: Random,
  ): Promise<ClusterDirectory> {
    await makeDirectory(path)
    const lock = await take(path)
    try {
      const content = (await read(path)) ?? (await create(path, spec, nodes, random))
      checkShape(path, content, spec)
      return new ClusterDirectory(path, identityOf(content), lock)
    } catch (error) {
      await lock[Symbol.asyncDispose]()
      throw error
    }
  }

  brokerDirectory({ directory }: NodePlan): string {
    return join(this.path, directory)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]()
  }
}

/** An identity for a cluster that is kept nowhere. */
export function newIdentity(nodes: readonly NodePlan[], random: Random): ClusterIdentity {
  return {
    clusterId: uuidFrom(random),
    directoryIds: new Map(nodes.map(({ brokerId }) => [brokerId, uuidFrom(random)])),
  }
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new ConfigError(`data directory ${path}: ${reason(error)}`, { cause: error })
  }
}

async function take(path: string): Promise<ProcessLock> {
  try {
    return await lockDirectory(path)
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'inUse') throw error
    throw new ConfigError(`data directory ${path} is in use by another process`, { cause: error })
  }
}

/** Undefined when there is no cluster here yet. */
async function read(path: string): Promise<Content | undefined> {
  let text: string
  try {
    text = await readFile(join(path, 'cluster.json'), 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new ConfigError(`data directory ${path}: ${reason(error)}`, { cause: error })
  }
  const parsed = contentSchema.safeParse(parse(text))
  if (parsed.success) return parsed.data
  throw new ConfigError(`data directory ${path} holds a cluster.json that is not of this version`)
}

async function create(
  path: string,
  spec: CheckedSpec,
  nodes: readonly NodePlan[],
  random: Random,
): Promise<Content> {
  const { clusterId, directoryIds } = newIdentity(nodes, random)
  const content: Content = {
    formatVersion,
    clusterId,
    zones: [...spec.zones],
    brokersPerZone: spec.brokersPerZone,
    directoryIds: Object.fromEntries(directoryIds),
  }
  for (const { directory } of nodes) {
    // Leftovers of a first start that was cut off before the cluster had an identity.
    await rm(join(path, directory), { recursive: true, force: true })
    await markFirstStart(join(path, directory))
  }
  const temporary = join(path, 'cluster.json.new')
  await writeFile(temporary, `${JSON.stringify(content, undefined, 2)}\n`, { flush: true })
  await rename(temporary, join(path, 'cluster.json'))
  return content
}

function checkShape(path: string, content: Content, spec: CheckedSpec): void {
  const { zones, brokersPerZone } = content
  const isSame =
    brokersPerZone === spec.brokersPerZone && zones.join('\n') === spec.zones.join('\n')
  if (isSame) return
  throw new ConfigError(
    `data directory ${path} holds another cluster: ${zones.length} zones (${zones.join(', ')}) ` +
      `with ${brokersPerZone} broker${brokersPerZone === 1 ? '' : 's'} each`,
  )
}

function identityOf({ clusterId, directoryIds }: Content): ClusterIdentity {
  const entries = Object.entries(directoryIds)
  return { clusterId, directoryIds: new Map(entries.map(([id, uuid]) => [Number(id), uuid])) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
