import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as lmdb from 'lmdb'
import { afterEach, expect, test } from 'vitest'
import { type LmdbEngine, type LmdbEngineOptions, openLmdbEngine } from './lmdb-engine.ts'

const engines: LmdbEngine[] = []
const directories: string[] = []

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close()
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true })
})

test('LMDB is opened with the flags that are safe, and with no other', async () => {
  for (const durability of ['fsync', 'os'] as const) {
    const engine = open(await temporary(), { durability })
    engine.open('flags')
    const flags = flagsOf('flags')
    expect(flags & flag.safeRestore).toBe(flag.safeRestore)
    expect(flags & flag.noSync).toBe(durability === 'os' ? flag.noSync : 0)
    const { overlappingSync, noMetaSync, writeMap, mapAsync, noReadAhead, noMemInit } = flag
    const harmful = overlappingSync | noMetaSync | writeMap | mapAsync | noReadAhead | noMemInit
    expect(flags & harmful).toBe(0)
    await engine.close()
  }
})

test('lmdb-js keeps nothing of an environment that was closed', async () => {
  const engine = open(await temporary())
  const before = databases().size
  const environment = engine.open('segment-1')
  expect(databases().size).toBe(before + 1)
  await environment.close()
  expect(databases().size).toBe(before)
})

test('one engine at a time has a directory open', async () => {
  const directory = await temporary()
  const engine = open(directory)
  expect(() => open(directory)).toThrow(expect.objectContaining({ code: 'inUse' }))
  await engine.close()
  open(directory)
})

test('another process is refused the directory, and gets it once its owner is dead', async () => {
  const directory = await temporary()
  const engine = open(directory)
  expect(inChild(`openLmdbEngine({ directory, durability: 'fsync' })`, directory)).toContain(
    'inUse',
  )
  await engine.close()
  inChild(
    `openLmdbEngine({ directory, durability: 'fsync' }); process.kill(process.pid, 9)`,
    directory,
  )
  expect(existsSync(join(directory, '.lock'))).toBe(true)
  open(directory)
})

test('without flushes, nothing is trusted after the operating system stopped', async () => {
  const directory = await temporary()
  await leaveUnclean(directory, 'boot-1')
  const engine = open(directory, { durability: 'os', bootId: 'boot-2' })
  expect(engine.suspects).toEqual(['a', 'b'])
  expect(() => engine.open('a')).toThrow(expect.objectContaining({ code: 'corrupt' }))
  await engine.drop('a')
  expect(engine.suspects).toEqual(['b'])
  expect(engine.open('a').get(key)).toBeUndefined()
  await engine.close()
  // What was not dropped stays suspect, also after a clean close, with or without flushes.
  const again = open(directory, { durability: 'fsync', bootId: 'boot-2' })
  expect(again.suspects).toEqual(['b'])
  await again.drop('b')
  await again.close()
  expect(open(directory, { durability: 'os', bootId: 'boot-3' }).suspects).toEqual([])
})

test('without flushes, a killed process leaves everything as long as the system runs', async () => {
  const directory = await temporary()
  await leaveUnclean(directory, 'boot-1')
  const engine = open(directory, { durability: 'os', bootId: 'boot-1' })
  expect(engine.suspects).toEqual([])
  expect(engine.open('a').get(key)).toEqual(key)
})

test('going over to flushes makes what was never flushed durable first', async () => {
  const directory = await temporary()
  await leaveUnclean(directory, 'boot-1')
  const engine = open(directory, { durability: 'fsync', bootId: 'boot-1' })
  expect(engine.suspects).toEqual([])
  expect(existsSync(join(directory, '.unsynced'))).toBe(false)
})

test('after a clean close nothing is suspect, and with flushes nothing ever is', async () => {
  const directory = await temporary()
  const engine = open(directory, { durability: 'os', bootId: 'boot-1' })
  await engine.open('a').commit([{ key, value: key }])
  await engine.close()
  const second = open(directory, { durability: 'os', bootId: 'boot-2' })
  expect(second.suspects).toEqual([])
  await second.close()
  expect(existsSync(join(directory, '.unsynced'))).toBe(false)
  open(directory, { durability: 'fsync', bootId: 'boot-2' })
  expect(existsSync(join(directory, '.unsynced'))).toBe(false)
})

test('a marker that cannot be read counts as one of an unknown run', async () => {
  const directory = await temporary()
  const engine = open(directory)
  await engine.open('a').commit([{ key, value: key }])
  await engine.close()
  await writeFile(join(directory, '.unsynced'), '{')
  expect(open(directory).suspects).toEqual(['a'])
})

test('what a crash left of a removed environment is removed at the next start', async () => {
  const directory = await temporary()
  const engine = open(directory)
  await engine.open('a').commit([{ key, value: key }])
  await engine.close()
  await rename(join(directory, 'a'), join(directory, '.dropped-a-1'))
  expect(open(directory).list()).toEqual([])
  expect(existsSync(join(directory, '.dropped-a-1'))).toBe(false)
})

test('a file that LMDB would meet with a signal is corrupt instead', async () => {
  const directory = await temporary()
  const engine = open(directory)
  const environment = engine.open('a')
  for (let i = 0; i < 20; i++) {
    await environment.commit([{ key: Uint8Array.of(i), value: new Uint8Array(10_000) }])
  }
  await engine.close()
  const file = join(directory, 'a', 'data.mdb')
  const good = await readFile(file)
  const damages: readonly ((bytes: Buffer) => Buffer)[] = [
    bytes => bytes.fill(7),
    bytes => bytes.fill(0),
    bytes => bytes.subarray(0, 100),
    bytes => bytes.fill(0, 24, 28),
    bytes => bytes.fill(0, 4096 + 24, 4096 + 32),
    bytes => bytes.fill(0xff, 48, 52),
    bytes => bytes.subarray(0, bytes.length / 2),
    bytes => bytes.subarray(0, bytes.length - 4096),
  ]
  for (const damage of damages) {
    await writeFile(file, damage(Buffer.from(good)))
    const again = open(directory)
    const opening = () => again.open('a', { appendOnly: true })
    expect(opening, damage.toString()).toThrow(expect.objectContaining({ code: 'corrupt' }))
    await again.close()
  }
  await writeFile(file, good)
  expect(open(directory).open('a', { appendOnly: true }).get(Uint8Array.of(19))).toHaveLength(
    10_000,
  )
})

const key = new TextEncoder().encode('key')

/** Flags of lmdb-js and of mdb.c. */
const flag = {
  safeRestore: 0x800,
  overlappingSync: 0x1000,
  noSync: 0x10000,
  noMetaSync: 0x40000,
  writeMap: 0x80000,
  mapAsync: 0x100000,
  noReadAhead: 0x800000,
  noMemInit: 0x1000000,
}

function databases(): Map<string, { readonly env: { readonly address: number } }> {
  return Reflect.get(lmdb, 'allDbs')
}

function flagsOf(name: string): number {
  const address = databases().get(name)?.env.address
  return Reflect.get(lmdb, 'nativeAddon').getEnvFlags(address)
}

function open(directory: string, options: Partial<LmdbEngineOptions> = {}): LmdbEngine {
  const engine = openLmdbEngine({ directory, durability: 'fsync', ...options })
  engines.push(engine)
  return engine
}

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'klamm-lmdb-'))
  directories.push(directory)
  return directory
}

/** A process that runs without flushes in some run of the system, and is killed. */
async function leaveUnclean(directory: string, bootId: string): Promise<void> {
  const code = `
    const engine = openLmdbEngine({ directory, durability: 'os', bootId: '${bootId}' })
    const key = new TextEncoder().encode('key')
    await engine.open('a').commit([{ key, value: key }])
    await engine.open('b').commit([{ key, value: key }])
    process.kill(process.pid, 9)`
  inChild(code, directory)
}

/** Runs code with the engine at hand in another process. Gives what it said. */
function inChild(code: string, directory: string): string {
  const module = new URL('./lmdb-engine.ts', import.meta.url).href
  const source = `import { openLmdbEngine } from '${module}'
    const directory = ${JSON.stringify(directory)}
    ${code}`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  })
  return stdout + stderr
}
