import { expect, test } from 'vitest'
import { importsOf, layerProblems } from './layers.ts'
import { sourceFile } from './source-file.ts'

function problemOf(path: string, specifier: string): string | undefined {
  return layerProblems(path, `import { a } from '${specifier}'\n`)[0]?.message
}

test('every way to import is seen, and nothing else', () => {
  const text = [
    "import a from 'one'",
    "import type { b } from 'two'",
    "import {\n  c,\n  d,\n} from 'three'",
    "import 'four'",
    "export * from 'five'",
    "export { e } from 'six'",
    "const f = await import('seven')",
    "const g = require('eight')",
    "type H = import('nine').H",
    "// import x from 'comment'",
    'const text = "import x from \'string\'"',
    "const bytes = Buffer.from('call')",
    "const from = 'name'",
  ].join('\n')
  expect(importsOf(sourceFile('x.ts', text)).map(({ specifier }) => specifier)).toEqual([
    'one',
    'two',
    'three',
    'four',
    'five',
    'six',
    'seven',
    'eight',
    'nine',
  ])
})

test('an import is told by its line', () => {
  const text = "// One.\n\nimport {\n  a,\n} from '@klamm/broker'\n"
  expect(layerProblems('packages/base/src/node/x.ts', text)).toMatchObject([{ line: 5 }])
})

const replica = 'packages/broker/src/replica/leader.ts'
const metadata = 'packages/broker/src/metadata/image/image.ts'

const refused = [
  // Packages import downwards.
  ['packages/base/src/env/clock.ts', '@klamm/protocol'],
  ['packages/protocol/src/reader.ts', '@klamm/raft'],
  ['packages/raft/src/codec.ts', '@klamm/protocol'],
  ['packages/broker/src/broker.ts', '@klamm/cluster'],
  ['packages/broker/src/broker.ts', '@klamm/client'],
  ['packages/client/src/producer.ts', '@klamm/broker'],
  ['packages/cluster/src/cluster.ts', '@klamm/console'],
  ['packages/console/src/server.ts', '@klamm/cli'],
  ['packages/sim/src/network.ts', '@klamm/broker'],
  ['packages/broker/src/broker.ts', '@klamm/sim'],
  ['packages/newcomer/src/index.ts', '@klamm/base'],
  ['packages/broker/src/broker.ts', '../../base/src/heap.ts'],
  ['packages/broker/src/broker.test.ts', '../../protocol/src/reader.ts'],
  ['packages/broker/src/broker.ts', '../../../test/simulation/checkers.ts'],
  ['packages/broker/src/broker.ts', '@klamm/bench'],
  ['scripts/check.ts', '../bench/src/main.ts'],
  // What decides imports next to nothing.
  [replica, '@klamm/base/env'],
  [replica, '@klamm/base/testing'],
  [replica, '@klamm/protocol'],
  [replica, '@klamm/raft'],
  [replica, 'msgpackr'],
  [replica, 'node:buffer'],
  [replica, '../storage/segment-store.ts'],
  [replica, '../metadata/index.ts'],
  [replica, '../config/definition.ts'],
  [metadata, '../../replica/index.ts'],
  [metadata, '../../coordinator/shard.ts'],
  ['packages/broker/src/coordinator/shard.ts', '../metadata/index.ts'],
  ['packages/broker/src/config/definition.ts', '../metadata/index.ts'],
  ['packages/base/src/heap.ts', './env/clock.ts'],
  ['packages/base/src/heap.ts', 'node:buffer'],
  ['packages/base/src/timeline/registry.ts', '../heap.ts'],
  ['packages/raft/src/log.ts', '@klamm/base/env'],
  ['packages/raft/src/log.ts', 'node:buffer'],
  // The machine is reached from few files.
  ['packages/broker/src/network/listener.ts', 'node:net'],
  ['packages/broker/src/storage/segment-store.ts', 'lmdb'],
  ['packages/broker/src/log/log-manager.ts', 'node:fs'],
  ['packages/protocol/src/records/snappy.ts', 'node:zlib'],
  ['packages/protocol/src/reader.ts', 'node:crypto'],
  ['packages/cluster/src/plan.ts', 'node:fs'],
  ['packages/sim/src/disk.ts', 'node:fs'],
  ['packages/client/src/producer.ts', 'node:timers/promises'],
] as const
for (const [path, specifier] of refused) {
  test(`refused: ${specifier} in ${path}`, () => {
    expect(problemOf(path, specifier)).toBeTypeOf('string')
  })
}

const allowed = [
  ['packages/protocol/src/compile.ts', '@klamm/base'],
  ['packages/broker/src/broker.ts', '@klamm/raft'],
  ['packages/client/src/producer.ts', '@klamm/protocol'],
  ['packages/cluster/src/launch-worker.ts', '@klamm/broker'],
  ['packages/cluster/src/launch-worker.ts', 'node:worker_threads'],
  ['packages/cli/src/commands/start.ts', '@klamm/cluster'],
  ['packages/cli/src/commands/start.ts', 'node:process'],
  ['packages/sim/src/network.ts', '@klamm/protocol'],
  ['packages/broker/src/broker.test.ts', '@klamm/sim'],
  ['packages/broker/src/broker.ts', './replica/index.ts'],
  ['test/simulation/cluster.ts', '../../packages/broker/src/broker.ts'],
  ['bench/src/main.ts', '@klamm/broker'],
  ['scripts/compare-protocol.ts', '../packages/protocol/src/api-keys.ts'],
  [replica, '@klamm/base'],
  [replica, '@klamm/protocol/errors'],
  [replica, '@klamm/protocol/batch-header'],
  [replica, './isr-state.ts'],
  ['packages/broker/src/replica/leader.test.ts', 'node:fs'],
  ['packages/broker/src/replica/testing/toy.ts', '@klamm/base/testing'],
  [metadata, '../records/records.ts'],
  [metadata, '../../config/definition.ts'],
  ['packages/base/src/heap.ts', './assert.ts'],
  ['packages/base/src/index.ts', './timeline/registry.ts'],
  ['packages/base/src/timeline/registry.ts', '../assert.ts'],
  ['packages/raft/src/codec.ts', 'msgpackr'],
  ['packages/base/src/node/tcp.ts', 'node:net'],
  ['packages/protocol/src/records/compression.ts', 'node:zlib'],
  ['packages/protocol/src/reader.ts', 'node:buffer'],
  ['packages/broker/src/storage/lmdb-engine.ts', 'lmdb'],
  ['packages/broker/src/storage/lmdb-engine.ts', 'node:fs'],
] as const
for (const [path, specifier] of allowed) {
  test(`allowed: ${specifier} in ${path}`, () => {
    expect(problemOf(path, specifier)).toBeUndefined()
  })
}
