// A data directory is held by a thread, and free again when that thread is gone, however it went.

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { DataDirectory } from './data-directory.ts'

const directories: string[] = []
const workers: Worker[] = []

afterEach(async () => {
  await Promise.all(workers.splice(0).map(worker => worker.terminate()))
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'klamm-lock-'))
  directories.push(directory)
  return directory
}

const source = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(workerData.module).then(({ DataDirectory }) => {
    new DataDirectory(workerData.path, 'fsync')
    parentPort.on('message', () => undefined).postMessage('held')
  })
`

/** A thread that holds the directory until it ends. */
async function holder(path: string): Promise<Worker> {
  const module = new URL('./data-directory.ts', import.meta.url).href
  const worker = new Worker(source, { eval: true, workerData: { module, path } })
  workers.push(worker)
  await once(worker, 'message')
  return worker
}

test('a directory that another thread holds is refused, and left as it was', async () => {
  const path = temporary()
  const worker = await holder(path)
  for (let attempt = 0; attempt < 2; attempt++) {
    expect(() => new DataDirectory(path, 'fsync')).toThrow(`${path} is open in another thread`)
  }
  await worker.terminate()
})

test('a thread that was killed does not keep its directory', async () => {
  const path = temporary()
  const worker = await holder(path)
  await worker.terminate()
  const directory = new DataDirectory(path, 'fsync')
  expect(() => new DataDirectory(path, 'fsync')).toThrow('is open in this thread')
  await directory.close(true)
})
