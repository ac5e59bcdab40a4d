import { expect, test } from 'vitest'
import { tidyProblems } from './tidy.ts'

const head = '// What this is for.\n'
const somewhere = 'packages/broker/src/network/frames.ts'
const pure = 'packages/broker/src/replica/leader.ts'

function messages(text: string, path = somewhere): string[] {
  return tidyProblems(path, head + text).map(({ line, message }) => `${line}: ${message}`)
}

interface Case {
  readonly code: string
  readonly message: RegExp
  /** Where it is caught. */
  readonly path?: string
  /** Where the same is allowed. */
  readonly allowed?: string
}

const time = /^2: .* reaches past Env/

const caught: readonly Case[] = [
  { code: 'const a = Date.now()', message: time, allowed: 'packages/base/src/node/clock.ts' },
  { code: 'const a = new Date()', message: time, allowed: 'bench/src/main.ts' },
  { code: 'const a = performance.now()', message: time, allowed: 'scripts/check.ts' },
  { code: 'const a = performance\n  .now()', message: time },
  { code: 'setTimeout(f, 1)', message: time, allowed: 'test/integration/kcat.test.ts' },
  { code: 'globalThis.setTimeout(f, 1)', message: time },
  { code: 'const later = setTimeout', message: time },
  { code: 'setInterval(f, 1)', message: time },
  { code: 'setImmediate(f)', message: time, allowed: 'packages/sim/src/scheduler.ts' },
  { code: 'setImmediate(f)', message: time, allowed: 'packages/a/src/a.test.ts' },
  { code: 'process.nextTick(f)', message: time },
  { code: 'queueMicrotask(f)', message: time },
  { code: 'AbortSignal.timeout(5)', message: time },
  { code: 'Math.random()', message: time, path: 'test/simulation/swarm.ts' },
  { code: 'crypto.randomUUID()', message: time },
  { code: 'randomUUID()', message: time },
  { code: 'new FinalizationRegistry(f)', message: time },
  { code: 'f(`\x24{Date.now()}`)', message: time },
  { code: 'async function f() {}', message: /synchronous/, path: pure, allowed: somewhere },
  { code: 'const a: Promise<void> = b', message: /synchronous/, path: 'packages/base/src/heap.ts' },
  {
    code: 'await a',
    message: /synchronous/,
    path: 'packages/raft/src/log.ts',
    allowed: 'packages/base/src/env/once.ts',
  },
  { code: 'export default f', message: /named exports/, allowed: 'vitest.config.ts' },
  { code: 'export { f as default }', message: /named exports/ },
  { code: "test.only('a', f)", message: /every test runs/, path: 'packages/a/src/a.test.ts' },
  { code: "describe.skip('a', f)", message: /every test runs/, path: 'packages/a/src/a.test.ts' },
  { code: "test.concurrent.skip('a', f)", message: /every test runs/ },
  { code: "it.todo('a')", message: /every test runs/ },
  { code: 'try { f() } catch {}', message: /empty catch/ },
  { code: 'try { f() } catch (error) {\n  // It does not matter.\n}', message: /empty catch/ },
  {
    code: 'const a = b as unknown as C',
    message: /through unknown/,
    allowed: 'packages/protocol/src/compile.ts',
  },
  { code: 'const a = b as unknown\n  as C', message: /through unknown/ },
  { code: 'enum A { B }', message: /no enum/ },
  { code: 'export const enum A { B }', message: /no enum/ },
  { code: 'namespace A {}', message: /no enum/ },
  { code: 'declare namespace A {}', message: /no enum/ },
  { code: `// ${'TODO'}: later`, message: /^2: TODO/ },
  { code: `/* a\n ${'FIXME'} */`, message: /FIXME/ },
  { code: `f() // ${'XXX'}`, message: /XXX/ },
  { code: `// @ts-${'ignore'}`, message: /look away/ },
  { code: `const a = '${'/root'}/secret'`, message: /^2: a path of one machine/ },
  { code: `// see ${'/home'}/me/notes`, message: /a path of one machine/ },
  { code: `const a = ${'b + '.repeat(30)}b`, message: /^2: a line of 131 characters/ },
  { code: `// ${'word '.repeat(21)}`, message: /^2: a line of/ },
  { code: `const a = 1\n${'f()\n'.repeat(499)}`, message: /^501: a file of 501 lines/ },
  { code: `function f() {\n${'  g()\n'.repeat(69)}}`, message: /^2: a function of 71 lines/ },
]
for (const { code, message, path, allowed } of caught) {
  const title = code.length > 60 ? `${code.slice(0, 60)}…` : code
  test(`caught: ${title.replaceAll('\n', ' ')}`, () => {
    const found = messages(code, path)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(message)
  })
  if (allowed !== undefined) {
    test(`allowed in ${allowed}: ${title}`, () => {
      expect(messages(code, allowed)).toEqual([])
    })
  }
}

const fine = [
  "const a = 'Date.now() and new Date()'",
  '// Date.now() would be wrong here.',
  'const a = clock.setTimeout(f, 1)',
  'const a = setTimeouts',
  'const a = new DateRange()',
  "const a = b as unknown // as it came from 'c'",
  'try { f() } catch (error) {\n  throw g(error)\n}',
  'promise.catch(() => undefined)',
  'const enumerate = 1\nenumerate(a)',
  'const skip = a.skip()',
  'export { a as defaults }',
  `test('a sentence so long that it does not fit but is one string ${'x'.repeat(60)}', () => {`,
  `function f() {\n${'  g()\n'.repeat(68)}}`,
  `const a = 1\n${'f()\n'.repeat(498)}`,
  "const a = '/workspaces/x'",
  "const a = 'https://example.org/work/x/root/y'",
  "const todo = 'todo'",
]
for (const code of fine) {
  test(`fine: ${code.slice(0, 70).replaceAll('\n', ' ')}`, () => {
    expect(messages(code)).toEqual([])
  })
}

test('a file begins with a comment of one to eight lines, tests excepted', () => {
  const headMessages = (text: string, path = somewhere) =>
    tidyProblems(path, text).map(({ message }) => message)
  expect(headMessages('export const a = 1\n')[0]).toMatch(/no comment at the top/)
  expect(headMessages('\n// Late.\n')[0]).toMatch(/no comment at the top/)
  expect(headMessages('//\nexport const a = 1\n')[0]).toMatch(/no comment at the top/)
  expect(headMessages('// a\n'.repeat(9))[0]).toMatch(/9 lines of comment/)
  expect(headMessages('// a\n'.repeat(8))).toEqual([])
  expect(headMessages(`// a\n${'//   key | value\n'.repeat(15)}`)).toEqual([])
  expect(headMessages('//   drawing\n')[0]).toMatch(/no comment at the top/)
  expect(headMessages('#!/usr/bin/env node\n// a\n')).toEqual([])
  expect(headMessages('/**\n * a\n */\n')).toEqual([])
  expect(headMessages('export const a = 1\n', 'packages/a/src/a.test.ts')).toEqual([])
})

test('in tests a suite may be long, a single test may not', () => {
  const step = '  f()\n'
  const suite = `function suite() {\n${`  test('a', () => {\n${step.repeat(40)}  })\n`.repeat(3)}}`
  expect(messages(suite, 'packages/base/src/testing/storage-contract.ts')).toEqual([])
  expect(messages(suite)).toHaveLength(1)
  const long = `test('a', () => {\n${step.repeat(70)}})`
  expect(messages(long, 'packages/a/src/a.test.ts')[0]).toMatch(/a function of 72 lines/)
})

test('documents are looked at for paths of one machine only', () => {
  const text = `${'word '.repeat(40)}\nsee ${'/work'}/main\n`
  expect(tidyProblems('README.md', text)).toEqual([
    { path: 'README.md', line: 2, message: `a path of one machine (${'/work'}/main)` },
  ])
})
