// Style as errors with file and line: what the compiler and the linter do not see. Run by the check
// command; `node scripts/tidy.ts packages/base` looks at one folder.

import { matchesGlob } from 'node:path'
import { functionLengths } from './function-lengths.ts'
import { filesBelow, readFile, report } from './repository.ts'
import { lineAt, matchesIn, type Problem, type SourceFile, sourceFile } from './source-file.ts'

interface Rule {
  /** Finds each place where the rule is broken. The flag g is needed. */
  readonly pattern: RegExp
  readonly message: string
  /** Where it applies; everywhere when left out. */
  readonly files?: readonly string[]
  /** Where it does not. */
  readonly except?: readonly string[]
}

const maxLineLength = 100
const maxFileLines = 500
const maxFunctionLines = 70
const maxHeadLines = 8

const tests = ['**/*.test.ts', '**/*.fuzz.ts', '**/*.bench.ts']

/** Programs and tools at the edge of the system: they live in real time. */
const realTime = [
  'packages/base/src/node/**',
  'scripts/**',
  'bench/**',
  'test/{integration,chaos,e2e}/**',
  '**/*.fuzz.ts',
  '**/*.bench.ts',
  '**/main.ts',
]

/** Synchronous code that decides; the same folders compile without Node's types. */
const pure = [
  'packages/base/src/*.ts',
  'packages/base/src/timeline/**',
  'packages/raft/src/**',
  'packages/broker/src/{config,metadata,replica,coordinator}/**',
  'packages/client/src/{assignors,membership,fetching,accumulator,partitioners}/**',
]
const notPure = [
  ...tests,
  'packages/raft/src/testing/**',
  'packages/{broker,client}/src/*/testing/**',
]

/** Files that may be longer than the rules allow, each with its reason. */
const longFiles: Readonly<Record<string, string>> = {}

/** Files with lines beyond the limit, each with its reason. */
const longLines: Readonly<Record<string, string>> = {}

const bannedGlobals: readonly Rule[] = [
  banned('Date.now', 'Clock.wallMs'),
  banned('new Date(', 'Clock.wallMs'),
  banned('performance.now', 'Clock.monotonicMs'),
  banned('setTimeout', 'Clock or Timers'),
  banned('setInterval', 'Clock or Timers'),
  // To go on when all promises have settled needs one, in the simulator's clock as in tests.
  banned('setImmediate', 'the scheduler of a Clock', [
    'packages/sim/src/scheduler.ts',
    '**/*.test.ts',
    '**/testing/**',
  ]),
  banned('process.nextTick', 'a promise'),
  banned('queueMicrotask', 'a promise'),
  banned('AbortSignal.timeout', 'Deadline'),
  banned('Math.random', 'Random'),
  banned('randomUUID', 'an entropy source of Env'),
  banned('FinalizationRegistry', 'an owner that disposes'),
]

const otherRules: readonly Rule[] = [
  {
    pattern: /\b(?:async|await|Promise)\b/g,
    message: 'pure code is synchronous',
    files: pure,
    except: notPure,
  },
  {
    pattern: /\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/g,
    message: 'named exports only',
    // Their loaders ask for a default export.
    except: ['*.config.ts', 'packages/*/*.config.ts', 'scripts/summary-reporter.ts'],
  },
  {
    pattern: /\b(?:test|it|describe|suite|bench)(?:\.\w+)*\.(?:only|skip|todo|fails)\b/g,
    message: 'every test runs: assert what is true today instead',
  },
  {
    pattern: /\bcatch\s*(?:\([^)]*\)\s*)?\{\s*\}/g,
    message: 'an empty catch hides bugs: name the kinds it handles and rethrow the rest',
  },
  {
    pattern: /\bas\s+unknown\s+as\b/g,
    message: 'a cast through unknown',
    except: [...tests, 'packages/base/src/**', 'packages/protocol/src/compile.ts', 'test/**'],
  },
  {
    pattern: /(?:^|[;{}\n])\s*(?:export\s+|declare\s+|const\s+)*(?:enum|namespace)\s+\w/g,
    message: 'no enum and no namespace: they cannot be erased; use a table',
  },
]

function banned(name: string, instead: string, except: readonly string[] = []): Rule {
  const escaped = name.replaceAll('.', '\\s*\\.\\s*').replace('new Date(', 'new\\s+Date\\s*\\(')
  // A method of some object may have the name of a global one; `globalThis.` does not excuse it.
  const isPlain = /^\w+$/.test(name) && name !== 'randomUUID'
  const prefix = isPlain ? '(?:(?<![\\w$#.])|(?<=\\bglobalThis\\.))' : '(?<![\\w$#])'
  const suffix = name.endsWith('(') ? '' : '\\b'
  return {
    pattern: new RegExp(`${prefix}${escaped}${suffix}`, 'g'),
    message: `${name.replace('(', '')} reaches past Env: use ${instead}`,
    except: [...realTime, ...except],
  }
}

/** What is wrong with one file; `path` is relative to the repository. */
export function tidyProblems(path: string, text: string): Problem[] {
  const problems: Problem[] = machinePaths(path, text)
  if (!path.endsWith('.ts')) return problems
  const file = sourceFile(path, text)
  for (const rule of [...bannedGlobals, ...otherRules]) {
    if (rule.files !== undefined && !isIn(path, rule.files)) continue
    if (rule.except !== undefined && isIn(path, rule.except)) continue
    for (const { line, text: found } of matchesIn(file, rule.pattern)) {
      const excerpt = found.replaceAll(/\s+/g, ' ').slice(0, 40)
      problems.push({ path, line, message: `${rule.message} (${excerpt})` })
    }
  }
  problems.push(...lengthProblems(file), ...functionProblems(file), ...commentProblems(file))
  return problems.sort((a, b) => a.line - b.line)
}

function lengthProblems({ path, text }: SourceFile): Problem[] {
  const problems: Problem[] = []
  const lines = text.split('\n')
  if (longLines[path] === undefined) {
    lines.forEach((line, index) => {
      if (line.length <= maxLineLength || isOneString(line)) return
      const message = `a line of ${line.length} characters, more than ${maxLineLength}`
      problems.push({ path, line: index + 1, message })
    })
  }
  const lineCount = text.endsWith('\n') ? lines.length - 1 : lines.length
  if (lineCount > maxFileLines && longFiles[path] === undefined) {
    const message = `a file of ${lineCount} lines, more than ${maxFileLines}`
    problems.push({ path, line: lineCount, message })
  }
  return problems
}

/** Too long because of a string: a sentence or a path, which no formatter can break. */
function isOneString(line: string): boolean {
  return !/^\s*(?:\/\/|\/?\*)/.test(line) && /(['"`/]).{40,}\1/.test(line)
}

function functionProblems(file: SourceFile): Problem[] {
  const { path } = file
  // A suite is a function around functions; each of those counts by itself.
  const isSuite = isIn(path, [...tests, '**/testing/**', 'test/**'])
  const problems: Problem[] = []
  for (const { line, lineCount, ownLineCount } of functionLengths(file)) {
    const counted = isSuite ? ownLineCount : lineCount
    if (counted <= maxFunctionLines) continue
    const message = `a function of ${counted} lines, more than ${maxFunctionLines}`
    problems.push({ path, line, message })
  }
  return problems
}

function commentProblems(file: SourceFile): Problem[] {
  const { path, text, comments } = file
  const problems: Problem[] = []
  for (const { start, text: comment } of comments) {
    const line = lineAt(text, start)
    const leftover = /\b(?:TODO|FIXME|XXX)\b/.exec(comment)?.[0]
    if (leftover !== undefined) problems.push({ path, line, message: `${leftover} in a comment` })
    if (/@ts-(?:ignore|nocheck|expect-error)\b/.test(comment)) {
      problems.push({ path, line, message: 'the compiler is told to look away' })
    }
  }
  if (isIn(path, tests)) return problems
  const head = headLines(text)
  if (head === 0) {
    problems.push({ path, line: 1, message: 'no comment at the top says what the file is for' })
  } else if (head > maxHeadLines) {
    const message = `${head} lines of comment at the top, more than ${maxHeadLines}`
    problems.push({ path, line: 1, message })
  }
  return problems
}

/**
 * Lines of prose in the comment that the file begins with: neither empty ones nor drawings and
 * examples, which stand three spaces in.
 */
function headLines(text: string): number {
  let count = 0
  for (const line of text.replace(/^#!.*\n/, '').split('\n')) {
    if (!/^\s*(?:\/\/|\/\*|\*)/.test(line)) break
    if (/\w/.test(line) && !/^\s*(?:\/\/|\*) {3}/.test(line)) count += 1
  }
  return count
}

/** Paths of somebody's machine, in code, comments or documents. */
function machinePaths(path: string, text: string): Problem[] {
  const pattern = /(?<![\w.~-])\/(?:work|root|home|Users)\/[\w.-]+|\b[A-Z]:\\\\?Users\b/g
  return [...text.matchAll(pattern)].map(match => ({
    path,
    line: lineAt(text, match.index),
    message: `a path of one machine (${match[0]})`,
  }))
}

function isIn(path: string, globs: readonly string[]): boolean {
  return globs.some(glob => matchesGlob(path, glob))
}

if (import.meta.main) {
  const given = process.argv.slice(2)
  const paths = given.length > 0 ? given : ['.']
  const files = filesBelow(paths, ['.ts', '.md', '.json', '.yaml', '.txt'])
  const problems = files.flatMap(path => tidyProblems(path, readFile(path)))
  report('tidy', files.length, problems)
}
