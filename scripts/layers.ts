// Which part may import which, as data. A package imports only downwards:
//
//   base ← protocol, raft ← broker, client ← cluster ← console ← cli;  sim: base, protocol
//
// What decides (the pure folders) imports next to nothing, and the machine (`node:*`, lmdb) is
// reached from few files. `node scripts/layers.ts` prints every import against the order.

import { dirname, join, matchesGlob } from 'node:path'
import { filesBelow, readFile, report } from './repository.ts'
import { lineAt, type Problem, type SourceFile, sourceFile } from './source-file.ts'

/** What each package may import besides itself, with what lies below. */
const below: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  raft: ['base'],
  broker: ['base', 'protocol', 'raft'],
  client: ['base', 'protocol'],
  cluster: ['base', 'protocol', 'raft', 'broker', 'client'],
  console: ['base', 'protocol', 'raft', 'broker', 'client', 'cluster'],
  cli: ['base', 'protocol', 'raft', 'broker', 'client', 'cluster', 'console'],
  sim: ['base', 'protocol'],
}

/** Files that are no part of a running broker. */
const proof = ['**/*.test.ts', '**/*.fuzz.ts', '**/*.bench.ts', '**/testing/**']

interface PureFolder {
  readonly folder: string
  /** Modules of other packages. */
  readonly imports: readonly string[]
  /** Folders of the same package, all of it pure as well. */
  readonly folders: readonly string[]
}

const pureModules = ['@klamm/base', '@klamm/protocol/errors', '@klamm/protocol/batch-header']

/** The tables of configs: what they are called, what values they take. */
const configFolder = 'packages/broker/src/config'

/** Each may import itself and what is named; the machines of the broker not each other. */
const pureFolders: readonly PureFolder[] = [
  { folder: configFolder, imports: pureModules, folders: [] },
  { folder: 'packages/broker/src/metadata', imports: pureModules, folders: [configFolder] },
  { folder: 'packages/broker/src/replica', imports: pureModules, folders: [] },
  { folder: 'packages/broker/src/coordinator', imports: pureModules, folders: [] },
  { folder: 'packages/client/src/assignors', imports: pureModules, folders: [] },
  {
    folder: 'packages/client/src/membership',
    imports: pureModules,
    folders: ['packages/client/src/assignors'],
  },
  {
    folder: 'packages/client/src/fetching',
    imports: pureModules,
    folders: ['packages/client/src/assignors'],
  },
  { folder: 'packages/client/src/accumulator', imports: pureModules, folders: [] },
  { folder: 'packages/client/src/partitioners', imports: pureModules, folders: [] },
  { folder: 'packages/base/src/timeline', imports: ['../assert.ts'], folders: [] },
  // Messages of the quorum and snapshots are encoded with msgpackr.
  { folder: 'packages/raft/src', imports: ['@klamm/base', 'msgpackr'], folders: [] },
]

interface Permission {
  readonly files: readonly string[]
  readonly why: string
}

/** Who may import `node:*`: everything else reaches the world through Env. */
const nodeImporters: readonly Permission[] = [
  { files: ['packages/base/src/node/**'], why: 'the real Env' },
  { files: proof, why: 'tests and their tools' },
  { files: ['packages/protocol/src/records/compression.ts'], why: 'zlib is deterministic' },
  { files: ['packages/client/src/diagnostics.ts'], why: 'channels for whoever observes' },
  { files: ['packages/broker/src/storage/lmdb-engine.ts'], why: 'the real storage engine' },
  { files: ['packages/broker/src/storage/data-directory.ts'], why: 'directories and their locks' },
  {
    files: [
      'packages/cluster/src/{launch-*,node-main,run-node,worker-node,open-node,control-messages}.ts',
    ],
    why: 'brokers in threads and processes',
  },
  {
    files: ['packages/cluster/src/{cluster,cluster-directory,first-start}.ts'],
    why: 'where a cluster keeps its data, also when nobody said where',
  },
  {
    files: ['packages/cli/src/**', 'scripts/**', 'bench/**', 'test/**', '*.config.ts'],
    why: 'edge',
  },
]

/** Node's modules that are data types, not the world; pure code does without them all the same. */
const dataModules = ['node:buffer']

const lmdbImporters = ['packages/broker/src/storage/lmdb-engine.ts']

interface Import {
  readonly specifier: string
  readonly line: number
}

/** Every import, export from, dynamic import and require with a plain string. */
export function importsOf(file: SourceFile): Import[] {
  const imports: Import[] = []
  for (const { start, text } of file.strings) {
    const before = file.code.slice(Math.max(0, start - 200), start)
    if (!/\b(?:from|import)\s*$|\b(?:import|require)(?:\.resolve)?\s*\(\s*$/.test(before)) continue
    imports.push({ specifier: text, line: lineAt(file.text, start) })
  }
  return imports
}

/** The imports of one file that are against the order; `path` is relative to the repository. */
export function layerProblems(path: string, text: string): Problem[] {
  const problems: Problem[] = []
  for (const { specifier, line } of importsOf(sourceFile(path, text))) {
    const message =
      problemWithPackage(path, specifier) ??
      problemWithPureFolder(path, specifier) ??
      problemWithBase(path, specifier) ??
      problemWithWorld(path, specifier)
    if (message !== undefined) problems.push({ path, line, message })
  }
  return problems
}

/** Between packages, and out of them. */
function problemWithPackage(path: string, specifier: string): string | undefined {
  const from = packageOf(path)
  const to = specifier.startsWith('.')
    ? packageOf(join(dirname(path), specifier))
    : /^@klamm\/([\w-]+)/.exec(specifier)?.[1]
  if (to === undefined || from === to) return undefined
  if (to === 'test' || to === 'bench') return `nothing imports ${to}`
  // Scripts, tests and benches stand beside the packages and may use all of them.
  if (from === undefined || from === 'test' || from === 'bench') return undefined
  if (specifier.startsWith('.')) return `${specifier} leaves the package: import it by its name`
  const allowed = below[from]
  if (allowed === undefined) return `the package ${from} has no place in the order of layers`
  if (allowed.includes(to) || (to === 'sim' && isIn(path, proof))) return undefined
  return `${from} may import ${list(allowed)}, not ${to}`
}

function problemWithPureFolder(path: string, specifier: string): string | undefined {
  if (isIn(path, proof)) return undefined
  const pure = pureFolders.find(({ folder }) => path.startsWith(`${folder}/`))
  if (pure === undefined || pure.imports.includes(specifier)) return undefined
  if (specifier.startsWith('.')) {
    const target = join(dirname(path), specifier)
    if ([pure.folder, ...pure.folders].some(folder => target.startsWith(`${folder}/`))) {
      return undefined
    }
  }
  const others = list([...pure.folders, ...pure.imports])
  return `${pure.folder} is pure: it may import itself and ${others}, not ${specifier}`
}

/** The root folder of base is pure too, but holds other folders that are not. */
function problemWithBase(path: string, specifier: string): string | undefined {
  if (!matchesGlob(path, 'packages/base/src/*.ts') || isIn(path, proof)) return undefined
  if (/^\.\/(?:timeline\/)?[\w-]+\.ts$/.test(specifier)) return undefined
  return `the root of base is pure: it may import only itself, not ${specifier}`
}

function problemWithWorld(path: string, specifier: string): string | undefined {
  if (specifier === 'lmdb' && !isIn(path, [...lmdbImporters, ...proof])) {
    return `lmdb is imported only by ${list(lmdbImporters)}`
  }
  if (!specifier.startsWith('node:') || dataModules.includes(specifier)) return undefined
  if (nodeImporters.some(({ files }) => isIn(path, files))) return undefined
  return `${specifier} reaches past Env`
}

/** `broker` for packages/broker/…, `test` and `bench` for themselves; undefined at the root. */
function packageOf(path: string): string | undefined {
  const [first, second] = path.split('/')
  if (first === 'packages') return second
  return first === 'test' || first === 'bench' ? first : undefined
}

function isIn(path: string, globs: readonly string[]): boolean {
  return globs.some(glob => matchesGlob(path, glob))
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ')
}

if (import.meta.main) {
  const given = process.argv.slice(2)
  const files = filesBelow(given.length > 0 ? given : ['.'], ['.ts'])
  const problems = files.flatMap(path => layerProblems(path, readFile(path)))
  report('layers', files.length, problems)
}
