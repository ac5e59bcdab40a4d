// What LMDB does when flushes are slow or fail, with a shim between it and the system. Where there
// is no compiler these tests are left out: what they pin changes only with the version of lmdb-js.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const directory = mkdtempSync(join(tmpdir(), 'klamm-flush-'))
const shim = join(directory, 'shim.so')
const control = join(directory, 'control')

// While the control file is there, fdatasync waits so many ms, or fails when it holds a negative
// number.
const source = `
  #define _GNU_SOURCE
  #include <dlfcn.h>
  #include <errno.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <unistd.h>
  int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = (int (*)(int)) dlsym(RTLD_NEXT, "fdatasync");
    FILE *control = fopen(getenv("FLUSH_CONTROL"), "r");
    int ms = 0;
    if (control) {
      if (fscanf(control, "%d", &ms) != 1) ms = 0;
      fclose(control);
    }
    if (ms < 0) { errno = EIO; return -1; }
    usleep(ms * 1000);
    return real(fd);
  }
`

const canCompile = compile()

afterAll(() => rmSync(directory, { recursive: true }))

describe.runIf(canCompile)('with a shim under LMDB', () => {
  test('a commit resolves only after its flush', () => {
    const seen = inChild(`
      const environment = engine.open('a')
      await environment.commit([put('first')])
      control(300)
      const startMs = performance.now()
      await environment.commit([put('second')])
      say({ durableMs: performance.now() - startMs })
    `)
    expect(seen.durableMs).toBeGreaterThanOrEqual(300)
  })

  test('a failed flush is final: nothing is read or written any more, and it is said once', () => {
    const seen = inChild(`
      const unhandled = []
      process.on('unhandledRejection', error => unhandled.push(String(error)))
      const environment = engine.open('a')
      await environment.commit([put('first')])
      control(-1)
      const outcomes = await Promise.allSettled([
        environment.commit([put('second')]),
        environment.commit([put('third')]),
      ])
      control(0)
      outcomes.push(...(await Promise.allSettled([
        environment.commit([put('fourth')]),
        environment.sync(),
        (async () => environment.get(key('first')))(),
        (async () => environment.visit(undefined, undefined, () => true))(),
      ])))
      await new Promise(resolve => setTimeout(resolve, 50))
      await environment.close()
      await engine.close()
      say({ unhandled, codes: outcomes.map(({ reason }) => reason?.code) })
    `)
    expect(seen).toEqual({ unhandled: [], codes: ['io', 'io', 'io', 'io', 'io', 'io'] })
  })

  test('a store on it stops, and acknowledges nothing of what failed', () => {
    const seen = inChild(`
      const failures = []
      const onFailure = error => failures.push(error.code)
      const store = await openSegmentStore(engine, { log: silentLogger, onFailure })
      const log = store.log('log-0')
      const append = baseOffset => {
        const { bytes, header } = makeBatch({ baseOffset })
        log.append(bytes, header)
      }
      append(0)
      await log.whenDurable(1)
      control(-1)
      append(1)
      const [waiting] = await Promise.allSettled([log.whenDurable(2)])
      control(0)
      await store.close()
      const durable = log.durableEndOffset
      say({ failures, durable, code: waiting.reason?.code })
    `)
    expect(seen).toEqual({ failures: ['io'], durable: 1, code: 'io' })
  })
})

function compile(): boolean {
  const code = join(directory, 'shim.c')
  writeFileSync(code, source)
  const { status } = spawnSync('cc', ['-shared', '-fPIC', '-o', shim, code, '-ldl'])
  return status === 0
}

/** Runs code under the shim; gives the last thing it said. */
function inChild(code: string): Record<string, unknown> {
  const data = mkdtempSync(join(directory, 'data-'))
  const here = (file: string): string => new URL(file, import.meta.url).href
  const script = `
    import { rmSync, writeFileSync } from 'node:fs'
    import { silentLogger } from '@klamm/base/env'
    import { openLmdbEngine } from '${here('./lmdb-engine.ts')}'
    import { openSegmentStore } from '${here('./segment-store.ts')}'
    import { makeBatch } from '${here('./testing/batches.ts')}'
    const engine = openLmdbEngine({ directory: ${JSON.stringify(data)}, durability: 'fsync' })
    const key = name => new TextEncoder().encode(name)
    const put = name => ({ key: key(name), value: key(name) })
    const control = ms => writeFileSync(process.env.FLUSH_CONTROL, String(ms))
    const say = what => console.log(JSON.stringify(what))
    ${code}
    process.exit(0)`
  rmSync(control, { force: true })
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { ...process.env, LD_PRELOAD: shim, FLUSH_CONTROL: control },
  })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}')
}
