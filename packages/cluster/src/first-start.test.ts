// An emptied directory does not pass for one that was never used.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@klamm/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ClusterDirectory } from './cluster-directory.ts'
import { hasStarted, isFirstStart } from './first-start.ts'
import { planCluster } from './plan.ts'
import { checkSpec } from './spec.ts'

let path: string

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'klamm-first-start-'))
})

afterEach(() => {
  rmSync(path, { recursive: true, force: true })
})

async function directories(): Promise<string[]> {
  const spec = checkSpec({ dataDirectory: path })
  const nodes = planCluster(spec)
  await using cluster = await ClusterDirectory.open(path, spec, nodes, seededRandom(1))
  return nodes.map(node => cluster.brokerDirectory(node))
}

test('the directories of a new cluster are marked, until their brokers have started', async () => {
  const [first = '', ...others] = await directories()
  expect(others).toHaveLength(2)
  expect([first, ...others].map(isFirstStart)).toEqual([true, true, true])
  await hasStarted(first)
  // A start of the cluster that was cut off is a first start still for those that had not begun.
  expect((await directories()).map(isFirstStart)).toEqual([false, true, true])
  await hasStarted(first)
})

test('a directory that is emptied afterwards is not marked again', async () => {
  for (const directory of await directories()) {
    await hasStarted(directory)
    rmSync(directory, { recursive: true })
  }
  expect((await directories()).map(isFirstStart)).toEqual([false, false, false])
})
