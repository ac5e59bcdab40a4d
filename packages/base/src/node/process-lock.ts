// A data directory is used by one process at a time. The lock is a listening socket: the system
// gives it back when its owner dies, however it dies, so there is no stale lock to clean up.

import { createHash } from 'node:crypto'
import { mkdirSync, statSync, unlinkSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageError } from '../env/index.ts'
import { systemCode } from './socket-errors.ts'

/** Held until disposed, or until the process is gone. */
export interface ProcessLock extends AsyncDisposable {
  readonly directory: string
}

/**
 * Locks a directory, which is made when it does not exist. Throws StorageError `inUse` while any
 * thread of any process on this machine has it. Processes in other network namespaces (containers
 * that share a volume) are not seen.
 */
export async function lockDirectory(directory: string): Promise<ProcessLock> {
  mkdirSync(directory, { recursive: true })
  const path = lockPath(directory)
  const server = (await tryLock(path)) ?? (await tryStale(path))
  if (server === undefined) {
    throw new StorageError('inUse', `another process uses ${directory}`)
  }
  server.unref()
  return { directory, [Symbol.asyncDispose]: () => released(server) }
}

/** The directory's identity, not its name: two names of one directory are one lock. */
function lockPath(directory: string): string {
  const { dev, ino } = statSync(directory, { bigint: true })
  const name = createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32)
  // Linux has names for sockets that are no files, and vanish with the socket.
  if (process.platform === 'linux') return `\0klamm-lock-${name}`
  return join(tmpdir(), `klamm-${name}.lock`)
}

/** The server that is the lock; undefined when the path is taken. */
function tryLock(path: string): Promise<Server | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Server | undefined>()
  const server = createServer(socket => socket.destroy())
  server.once('error', (error: Error) => {
    if (systemCode(error) === 'EADDRINUSE') resolve(undefined)
    else reject(new StorageError('io', `locking: ${error.message}`, { cause: error }))
  })
  server.listen({ path, exclusive: true }, () => resolve(server))
  return promise
}

/** Where the lock is a file, a killed process leaves it: nobody answers on it then. */
async function tryStale(path: string): Promise<Server | undefined> {
  if (path.startsWith('\0') || (await isAnswered(path))) return undefined
  unlinkSync(path)
  return tryLock(path)
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', error => resolve(systemCode(error) !== 'ECONNREFUSED'))
  })
}

function released(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve()
  return new Promise(resolve => server.close(() => resolve()))
}
