// An engine in memory for tests: what a crash leaves of it can be asked for at any time, commits
// can be made to fail, and stored values can be damaged.

import { present, type Random } from '@klamm/base'
import {
  type Durability,
  type Environment,
  type Put,
  type StorageEngine,
  StorageError,
} from '@klamm/base/env'
import { MemoryEngine } from '../memory-engine.ts'
import { sequenceKey } from '../segments.ts'

interface History {
  readonly commits: (readonly Put[])[]
  /** How many of them the caller knows to be durable. */
  resolvedCount: number
  isDropping: boolean
}

export class CrashEngine implements StorageEngine {
  readonly durability: Durability = 'fsync'
  readonly #memory: MemoryEngine
  readonly #history = new Map<string, History>()
  #commitCount = 0
  #dropCount = 0
  #failure: Error | undefined
  #dropFailure: Error | undefined
  #isLying = false
  readonly #refused = new Set<string>()
  #held: PromiseWithResolvers<void> | undefined

  /** Begins with what another engine holds. */
  constructor(
    memory = new MemoryEngine(),
    history: ReadonlyMap<string, readonly Put[][]> = new Map(),
  ) {
    this.#memory = memory
    for (const [name, commits] of history) {
      const resolvedCount = commits.length
      this.#history.set(name, { commits: [...commits], resolvedCount, isDropping: false })
    }
  }

  get commitCount(): number {
    return this.#commitCount
  }

  get dropCount(): number {
    return this.#dropCount
  }

  /** From now on a crash may lose what was promised: a disk that lies about flushes. */
  lie(): void {
    this.#isLying = true
  }

  /** From now on commits fail. */
  failCommits(error: Error): void {
    this.#failure = error
  }

  /** From now on removing an environment fails, or no longer does. */
  failDrops(error: Error | undefined): void {
    this.#dropFailure = error
  }

  /** Commits do not resolve until the function returned is called. */
  holdCommits(): () => void {
    const held = Promise.withResolvers<void>()
    this.#held = held
    return () => {
      this.#held = undefined
      held.resolve()
    }
  }

  /**
   * What a crash now may leave: of each environment all that was promised and some of what came
   * after, in order. Environments do not know of each other.
   */
  async crash(random: Random): Promise<CrashEngine> {
    const kept = this.#survivors(random)
    const memory = new MemoryEngine()
    for (const [name, commits] of kept) {
      const environment = memory.open(name)
      for (const puts of commits) await environment.commit(puts)
      await environment.close()
    }
    return new CrashEngine(memory, kept)
  }

  /** At once: what happens while the new engine is filled does not count. */
  #survivors(random: Random): Map<string, readonly Put[][]> {
    const kept = new Map<string, readonly Put[][]>()
    for (const [name, { commits, resolvedCount, isDropping }] of this.#history) {
      if (isDropping && random.chance(0.5)) continue
      const least = this.#isLying ? 0 : resolvedCount
      const count = least + random.below(commits.length - least + 1)
      kept.set(
        name,
        commits.slice(0, count).map(puts => [...puts]),
      )
    }
    return kept
  }

  list(): readonly string[] {
    return this.#memory.list()
  }

  /** From now on an environment cannot be opened, only dropped: its file is damaged. */
  refuse(name: string): void {
    this.#refused.add(name)
  }

  open(name: string): Environment {
    if (this.#refused.has(name)) throw new StorageError('corrupt', `${name} is refused`)
    const environment = this.#memory.open(name)
    const { commit } = environment
    let history = this.#history.get(name)
    if (history === undefined) {
      history = { commits: [], resolvedCount: 0, isDropping: false }
      this.#history.set(name, history)
    }
    const { commits } = history
    environment.commit = async puts => {
      this.#commitCount += 1
      if (this.#failure !== undefined) throw this.#failure
      const copy = puts.map(put => ({ key: put.key.slice(), value: joined(put.value) }))
      commits.push(copy)
      const number = commits.length
      await commit.call(environment, copy)
      await new Promise<void>(resolve => setImmediate(resolve))
      await this.#held?.promise
      if (this.#failure !== undefined) throw this.#failure
      const own = present(this.#history.get(name), 'an open environment has a history')
      own.resolvedCount = Math.max(own.resolvedCount, number)
    }
    return environment
  }

  async drop(name: string): Promise<void> {
    if (this.#dropFailure !== undefined) throw this.#dropFailure
    const history = this.#history.get(name)
    if (history !== undefined) history.isDropping = true
    await new Promise<void>(resolve => setImmediate(resolve))
    this.#dropCount += 1
    this.#history.delete(name)
    await this.#memory.drop(name)
  }

  usage(): { readonly freeBytes: number; readonly usedBytes: number } {
    return this.#memory.usage()
  }

  async close(): Promise<void> {
    await this.#memory.close()
  }
}

/** Where something was damaged. */
export interface Damage {
  readonly environment: string
  readonly key: Uint8Array
}

/** Flips one bit of one stored value. Nothing may be open. */
export async function flipBit(engine: StorageEngine, random: Random): Promise<Damage> {
  return damage(engine, random, value => {
    const at = random.below(value.length)
    value[at] = (value[at] ?? 0) ^ (1 << random.below(8))
    return value
  })
}

/** Loses one key. Nothing may be open. */
export async function dropKey(engine: StorageEngine, random: Random): Promise<Damage> {
  return damage(engine, random, () => null)
}

async function damage(
  engine: StorageEngine,
  random: Random,
  change: (value: Uint8Array) => Uint8Array | null,
): Promise<Damage> {
  let keys: Uint8Array[] = []
  let name = ''
  while (keys.length === 0) {
    name = random.pick(engine.list())
    keys = await keysOf(engine, name)
  }
  const key = random.pick(keys)
  const environment = engine.open(name)
  const value = environment.get(key)
  if (value === undefined) throw new StorageError('corrupt', 'a visited key is there')
  await environment.commit([{ key, value: change(value) }])
  await environment.close()
  return { environment: name, key }
}

/** Changes one stored value. Nothing may be open. */
export async function replace(
  engine: StorageEngine,
  name: string,
  sequence: number,
  change: (value: Uint8Array) => Uint8Array | null,
): Promise<void> {
  const environment = engine.open(name)
  const key = sequenceKey(sequence)
  const value = environment.get(key)
  if (value === undefined) throw new Error(`there is no value ${sequence}`)
  await environment.commit([{ key, value: change(value) }])
  await environment.close()
}

/** All keys of an environment that is not open. */
export async function keysOf(engine: StorageEngine, name: string): Promise<Uint8Array[]> {
  const environment = engine.open(name)
  const keys: Uint8Array[] = []
  environment.visit(undefined, undefined, key => keys.push(key.slice()) > 0)
  await environment.close()
  return keys
}

function joined(value: Put['value']): Uint8Array | null {
  if (value === null) return null
  if (value instanceof Uint8Array) return value.slice()
  return Uint8Array.from(value.flatMap(part => [...part]))
}
