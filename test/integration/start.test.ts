import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
const directories: string[] = []
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'klamm-start-'))
  directories.push(directory)
  return directory
}

interface Run {
  readonly child: ChildProcess
  /** Resolves with everything printed once a line begins with `ready:`. */
  readonly ready: Promise<string>
  readonly ended: Promise<{
    readonly code: number | null
    readonly out: string
    readonly err: string
  }>
}

function start(...args: string[]): Run {
  const child = spawn(process.execPath, [main, 'start', ...args])
  children.push(child)
  let out = ''
  let err = ''
  const { promise: ready, resolve } = Promise.withResolvers<string>()
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
    if (/^ready:.*\n/m.test(out)) resolve(out)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  const ended = new Promise<{ code: number | null; out: string; err: string }>(done => {
    child.on('close', code => done({ code, out, err }))
  })
  return { child, ready, ended }
}

/** Three free ports in a row, most likely still free a moment later. */
async function freePort(): Promise<number> {
  for (;;) {
    const base = 20_000 + Math.floor(Math.random() * 30_000)
    const servers = await Promise.allSettled([0, 1, 2].map(i => listen(base + i)))
    const open = servers.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
    await Promise.all(open.map(server => new Promise(done => server.close(done))))
    if (open.length === 3) return base
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

test('three brokers start, say where they are, and stop on SIGTERM; again on the same data', async () => {
  const data = newDirectory()
  const port = await freePort()
  for (let round = 0; round < 2; round++) {
    const run = start('--data', data, '--port', `${port}`)
    const out = await run.ready
    const lines = out.trimEnd().split('\n')
    expect(lines).toHaveLength(4)
    expect(lines[0]).toContain(`broker 1 in zone-a: 127.0.0.1:${port}`)
    expect(lines.at(-1)).toBe(
      `ready: bootstrap servers 127.0.0.1:${port},127.0.0.1:${port + 1},127.0.0.1:${port + 2}`,
    )
    run.child.kill('SIGTERM')
    expect(await run.ended).toMatchObject({ code: 0, err: '' })
  }
})

test('Ctrl-C that comes twice, as under npm, still stops in order', async () => {
  const data = newDirectory()
  const run = start('--data', data, '--port', `${await freePort()}`)
  await run.ready
  run.child.kill('SIGINT')
  run.child.kill('SIGINT')
  expect(await run.ended).toMatchObject({ code: 0, err: '' })
  expect(existsSync(join(data, 'broker-1'))).toBe(true)
  expect(existsSync(join(data, 'broker-1', '.lock'))).toBe(false)
})

test('after a kill it starts again on the same data', async () => {
  const data = newDirectory()
  const port = await freePort()
  const first = start('--data', data, '--port', `${port}`)
  await first.ready
  first.child.kill('SIGKILL')
  await first.ended
  const second = start('--data', data, '--port', `${port}`)
  expect(await second.ready).toContain(`broker 3 in zone-c: 127.0.0.1:${port + 2}`)
  second.child.kill('SIGTERM')
  expect(await second.ended).toMatchObject({ code: 0, err: '' })
})

test('a port in use is one clear sentence and exit code 1', async () => {
  const port = await freePort()
  const server = await listen(port + 1)
  const { ended } = start('--data', newDirectory(), '--port', `${port}`)
  const { code, err } = await ended
  server.close()
  expect(err).toBe(`klamm: port ${port + 1} on 127.0.0.1 is in use\n`)
  expect(code).toBe(1)
})

test('a data directory in use by another process is left alone', async () => {
  const data = newDirectory()
  const first = start('--data', data, '--port', `${await freePort()}`)
  await first.ready
  const before = readdirSync(data).sort()
  const { code, err } = await start('--data', data, '--port', `${await freePort()}`).ended
  expect(err).toBe(`klamm: data directory ${data} is in use by another process\n`)
  expect(code).toBe(1)
  expect(readdirSync(data).sort()).toEqual(before)
  first.child.kill('SIGINT')
  expect((await first.ended).code).toBe(0)
})

test('a data directory of another cluster is refused', async () => {
  const data = newDirectory()
  const port = await freePort()
  const first = start('--data', data, '--port', `${port}`)
  await first.ready
  first.child.kill('SIGTERM')
  await first.ended
  const { code, err } = await start('--data', data, '--port', `${port}`, '--zones', '2').ended
  expect(err).toBe(
    `klamm: data directory ${data} holds another cluster: 3 zones (zone-a, zone-b, zone-c) with ` +
      '1 broker each\n',
  )
  expect(code).toBe(1)
})

test('a directory that holds something else is refused', async () => {
  const data = newDirectory()
  writeFileSync(join(data, 'cluster.json'), '{"name": "mine"}')
  const { code, err } = await start('--data', data, '--port', `${await freePort()}`).ended
  expect(err).toContain('cluster.json that is not of this version')
  expect(code).toBe(1)
})

test('an unknown option is exit code 2', async () => {
  const { code, err } = await start('--nonsense').ended
  expect(err).toContain("unknown option '--nonsense'")
  expect(code).toBe(2)
})
