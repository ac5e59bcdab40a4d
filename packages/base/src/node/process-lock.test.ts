// One process per directory, also after a kill.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { lockDirectory } from './process-lock.ts'

const directories: string[] = []
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

const inUse = { name: 'StorageError', code: 'inUse' }

test('a directory is locked once at a time, under whatever name', async () => {
  const directory = temporary()
  const alias = join(temporary(), 'alias')
  symlinkSync(directory, alias)
  const lock = await lockDirectory(directory)
  await expect(lockDirectory(directory)).rejects.toMatchObject(inUse)
  await expect(lockDirectory(alias)).rejects.toMatchObject(inUse)
  await lock[Symbol.asyncDispose]()
  const again = await lockDirectory(alias)
  await again[Symbol.asyncDispose]()
  await again[Symbol.asyncDispose]()
})

test('different directories do not disturb each other, and are made when missing', async () => {
  const parent = temporary()
  await using first = await lockDirectory(join(parent, 'a', 'b'))
  await using second = await lockDirectory(join(parent, 'a', 'c'))
  expect(first.directory).not.toBe(second.directory)
})

test('the lock of a killed process is free', async () => {
  const directory = temporary()
  const module = new URL('./process-lock.ts', import.meta.url).href
  const program = `
    const { lockDirectory } = await import(${JSON.stringify(module)})
    await lockDirectory(${JSON.stringify(directory)})
    process.stdout.write('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  await expect(lockDirectory(directory)).rejects.toMatchObject(inUse)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lock = await lockDirectory(directory)
  await lock[Symbol.asyncDispose]()
})

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'klamm-'))
  directories.push(directory)
  return directory
}
