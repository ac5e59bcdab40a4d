// The files around the LMDB environments of one data directory: who has it open, which environments
// there are, and whether a restart of the operating system may have torn them.
//
//   <directory>/.lock              the process that has the directory open
//   <directory>/.unsynced          there are writes that were never flushed; see DataDirectory
//   <directory>/<name>/data.mdb    one environment
//   <directory>/.dropped-<name>-1  one that is being removed

import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  promises,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { type Durability, StorageError } from '@klamm/base/env'

/** Directories open in this thread. Other threads and processes are told apart by the lock file. */
const openHere = new Set<string>()

interface Owner {
  readonly pid: number
  /** The thread, which may end long before its process; that of the process where unknown. */
  readonly threadId: number
  /** Ticks between the start of the OS and of the thread: an id may be used again. */
  readonly startTicks: string
  readonly bootId: string
}

interface Unsynced {
  /** The run of the operating system in which there are unflushed writes; none after a close. */
  readonly bootId?: string
  /** Environments that an earlier restart of the OS may have torn, until they are dropped. */
  readonly suspects: readonly string[]
}

/**
 * A data directory, held exclusively.
 *
 * Without flushes a power cut does not cost the tail of an LMDB environment but all of it: pages
 * reach the disk in any order, and reading a torn tree can end in a signal. So a marker says, while
 * the directory is open, that there are unflushed writes, and in which run of the OS. When it is
 * found in another run, no environment may be opened any more: all are `suspects` until dropped.
 */
export class DataDirectory {
  readonly path: string
  readonly #bootId: string
  readonly #durability: Durability
  #suspects: readonly string[]
  #dropCount = 0
  #dropping: Promise<void> = Promise.resolve()

  /** Makes the directory if need be. Throws StorageError `inUse` when somebody has it open. */
  constructor(path: string, durability: Durability, bootId = currentBootId()) {
    this.path = path
    this.#bootId = bootId
    this.#durability = durability
    mkdirSync(path, { recursive: true })
    lock(path, bootId)
    try {
      for (const entry of readdirSync(path)) {
        if (entry.startsWith('.dropped-')) rmSync(join(path, entry), { recursive: true })
      }
      this.#suspects = this.#judge()
      this.#mark(durability === 'os' ? bootId : undefined)
    } catch (error) {
      unlock(path)
      throw error
    }
  }

  /** Environments that must not be opened, only dropped. */
  get suspects(): readonly string[] {
    return this.#suspects
  }

  /** Names of the environments, sorted. */
  names(): string[] {
    const names: string[] = []
    for (const entry of readdirSync(this.path)) {
      if (!entry.startsWith('.') && existsSync(this.#dataFile(entry))) names.push(entry)
    }
    return names.sort()
  }

  environmentPath(name: string): string {
    return join(this.path, name)
  }

  exists(name: string): boolean {
    return existsSync(this.#dataFile(name))
  }

  /**
   * Makes the directory entries of a new environment durable: without them a flushed file can be
   * gone after a power cut.
   */
  async syncEntries(name: string): Promise<void> {
    for (const path of [join(this.path, name), this.path]) {
      const handle = await promises.open(path)
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
    }
  }

  /**
   * Why LMDB must not open an environment, or undefined. It meets a file that is not its own, or
   * one that was cut off, with a signal instead of an error. `isAppendOnly`: no page is ever freed,
   * so the file has all pages that its header speaks of.
   */
  damage(name: string, isAppendOnly: boolean): string | undefined {
    const file = this.#dataFile(name)
    const { size } = statSync(file)
    if (size === 0) return undefined
    const descriptor = openSync(file, 'r')
    try {
      const first = readMetaPage(descriptor, 0)
      const second = first === undefined ? undefined : readMetaPage(descriptor, first.pageBytes)
      if (first === undefined || second === undefined) return 'is not an LMDB file'
      const { lastPage } = second.transaction > first.transaction ? second : first
      const isCut = isAppendOnly && size < (lastPage + 1) * first.pageBytes
      return isCut ? `ends after ${size} bytes, before its page ${lastPage}` : undefined
    } finally {
      closeSync(descriptor)
    }
  }

  /** Flushes all that was ever written to an environment that is not open. */
  syncData(name: string): void {
    syncFile(this.#dataFile(name))
  }

  /**
   * Removes a closed environment. Once this has resolved it does not come back, whatever happens.
   * One at a time: removing a large file occupies a thread of the pool for up to a second.
   */
  drop(name: string): Promise<void> {
    const dropped = this.#dropping.then(() => this.#drop(name))
    this.#dropping = dropped.catch(() => {})
    return dropped
  }

  usage(): { readonly freeBytes: number; readonly usedBytes: number } {
    let usedBytes = 0
    for (const name of this.names()) usedBytes += statSync(this.#dataFile(name)).blocks * 512
    return { freeBytes: freeBytes(this.path), usedBytes }
  }

  /** Everything has been flushed and closed; or `isClean` is false and the marker stays. */
  async close(isClean: boolean): Promise<void> {
    await this.#dropping
    if (isClean) this.#mark(undefined)
    unlock(this.path)
  }

  async #drop(name: string): Promise<void> {
    if (existsSync(join(this.path, name))) {
      this.#dropCount += 1
      const grave = join(this.path, `.dropped-${name}-${this.#dropCount}`)
      await promises.rename(join(this.path, name), grave)
      await syncDirectory(this.path)
      await promises.rm(grave, { recursive: true })
    }
    if (!this.#suspects.includes(name)) return
    this.#suspects = this.#suspects.filter(suspect => suspect !== name)
    this.#mark(this.#durability === 'os' ? this.#bootId : undefined)
  }

  /** Which environments cannot be trusted, from what the last owner left. */
  #judge(): readonly string[] {
    const names = this.names()
    const left = readMarker(join(this.path, '.unsynced'))
    if (left === undefined) return []
    if (left.bootId === undefined) return names.filter(name => left.suspects.includes(name))
    if (left.bootId !== this.#bootId) return names
    // The same run of the OS: its page cache has everything. From now on each flush covers a whole
    // file, but only files that are written to again, so the others are flushed here.
    if (this.#durability === 'fsync') for (const name of names) this.syncData(name)
    return names.filter(name => left.suspects.includes(name))
  }

  /** Says whether there may be unflushed writes from now on. Durable when it returns. */
  #mark(bootId: string | undefined): void {
    const path = join(this.path, '.unsynced')
    if (bootId === undefined && this.#suspects.length === 0) {
      if (!existsSync(path)) return
      rmSync(path)
    } else {
      const marker: Unsynced = {
        suspects: this.#suspects,
        ...(bootId === undefined ? {} : { bootId }),
      }
      writeFileSync(`${path}.new`, JSON.stringify(marker))
      syncFile(`${path}.new`)
      renameSync(`${path}.new`, path)
    }
    syncFile(this.path)
  }

  #dataFile(name: string): string {
    return join(this.path, name, 'data.mdb')
  }
}

/** Bytes that an unprivileged process may still write to the device. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

interface MetaPage {
  readonly pageBytes: number
  readonly lastPage: number
  readonly transaction: number
}

/** One of the two meta pages of an LMDB file, as this version of lmdb-js lays them out. */
function readMetaPage(descriptor: number, at: number): MetaPage | undefined {
  const bytes = Buffer.alloc(160)
  if (readSync(descriptor, bytes, 0, bytes.length, at) < bytes.length) return undefined
  const [magic, version] = [bytes.readUInt32LE(24), bytes.readUInt32LE(28)]
  if (magic !== 0xbeefc0de || version !== 2) return undefined
  const pageBytes = bytes.readUInt32LE(48)
  if (pageBytes < 512 || pageBytes > 65_536 || !Number.isInteger(Math.log2(pageBytes))) {
    return undefined
  }
  const lastPage = Number(bytes.readBigUInt64LE(144))
  const transaction = Number(bytes.readBigUInt64LE(152))
  return { pageBytes, lastPage, transaction }
}

function lock(path: string, bootId: string): void {
  if (openHere.has(path)) throw inUse(path, 'this thread')
  const { pid } = process
  const threadId = currentThreadId()
  const own: Owner = { pid, threadId, startTicks: startTicks(pid, threadId) ?? '', bootId }
  const file = join(path, '.lock')
  const mine = join(path, `.lock-${pid}-${threadId}`)
  writeFileSync(mine, JSON.stringify(own))
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (linkIfAbsent(mine, file)) {
        openHere.add(path)
        return
      }
      const other = readOwner(file)
      if (other !== undefined && isAlive(other, bootId)) throw inUse(path, ownerName(other))
      takeAway(file, bootId)
    }
    throw inUse(path, 'somebody who is starting too')
  } finally {
    rmSync(mine, { force: true })
  }
}

function unlock(path: string): void {
  openHere.delete(path)
  rmSync(join(path, '.lock'), { force: true })
}

/** A hard link is made by one only, however many try. */
function linkIfAbsent(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Removes the lock of a dead owner; puts it back when it turns out to be that of a live one. */
function takeAway(file: string, bootId: string): void {
  const aside = `${file}-stale-${process.pid}`
  try {
    renameSync(file, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  const owner = readOwner(aside)
  if (owner !== undefined && isAlive(owner, bootId)) linkIfAbsent(aside, file)
  rmSync(aside, { force: true })
}

function inUse(path: string, by: string): StorageError {
  return new StorageError('inUse', `${path} is open in ${by}`)
}

function ownerName({ pid }: Owner): string {
  return pid === process.pid ? 'another thread' : `process ${pid}`
}

function isAlive(
  { pid, threadId, startTicks: ticks, bootId }: Owner,
  currentBoot: string,
): boolean {
  if (bootId !== currentBoot) return false
  const running = startTicks(pid, threadId)
  if (running !== undefined) return running === ticks
  // Its thread has ended; or threads cannot be told apart here, and then it is taken for one that
  // was killed: within a process whoever starts brokers gives each its own directory.
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux'
  } catch {
    return false
  }
}

/** The id that the operating system gives the present thread; the process id without /proc. */
function currentThreadId(): number {
  try {
    return Number(basename(readlinkSync('/proc/thread-self')))
  } catch {
    return process.pid
  }
}

/** Field 22 of the thread's stat. Undefined when there is no such thread, or no /proc. */
function startTicks(pid: number, threadId: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${threadId}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/**
 * What tells one run of the operating system from the next. Where it cannot be had, each start
 * counts as another run: environments without flushes are then suspect after every kill.
 */
function currentBootId(): string {
  const unknown = `unknown-${process.pid}-${process.hrtime.bigint()}`
  try {
    if (process.platform === 'linux') {
      return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    }
    if (process.platform === 'darwin') {
      return execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'latin1' }).trim()
    }
    return unknown
  } catch {
    // As on a platform that has none.
    return unknown
  }
}

function readMarker(path: string): Unsynced | undefined {
  if (!existsSync(path)) return undefined
  const value: unknown = parse(readFileSync(path, 'utf8'))
  const marker = isObject(value) ? value : {}
  const suspects = Array.isArray(marker.suspects) ? marker.suspects.map(String) : []
  const bootId = marker.bootId
  // A marker that cannot be read says at least that there was one: of an unknown run.
  if (!isObject(value)) return { suspects, bootId: 'unreadable' }
  return typeof bootId === 'string' ? { suspects, bootId } : { suspects }
}

function readOwner(path: string): Owner | undefined {
  try {
    const value: unknown = parse(readFileSync(path, 'utf8'))
    if (!isObject(value) || typeof value.pid !== 'number') return undefined
    return {
      pid: value.pid,
      threadId: typeof value.threadId === 'number' ? value.threadId : value.pid,
      startTicks: String(value.startTicks),
      bootId: String(value.bootId),
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function codeOf(error: unknown): unknown {
  return isObject(error) ? error.code : undefined
}

/** Flushes a file, or the entries of a directory. */
function syncFile(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await promises.open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
