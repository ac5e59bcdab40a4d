// The end of a broker in this event loop, on a disk that does not come to one.

import { type Environment, StorageError } from '@klamm/base/env'
import { MemoryEngine } from '@klamm/broker'
import { afterEach, expect, test, vi } from 'vitest'
import { InlineLauncher } from './launch-inline.ts'
import type { NodeOptions } from './node-options.ts'

const directoryId = 'ZGlyZWN0b3J5LW9mLTEtMA'

const options: NodeOptions = {
  brokerId: 1,
  clusterId: 'Y2x1c3Rlci1vZi1vbmUtMA',
  zone: 'a',
  directoryId,
  voters: [{ nodeId: 1, directoryId }],
  host: '127.0.0.1',
  port: 0,
  dataDirectory: undefined,
  durability: 'memory',
  config: [],
  logLevel: 'silent',
}

afterEach(() => vi.restoreAllMocks())

test('that a broker has failed is told although its disk hangs, and it can be killed', async () => {
  let isBroken = false
  const { open } = MemoryEngine.prototype
  vi.spyOn(MemoryEngine.prototype, 'open').mockImplementation(function (this: MemoryEngine, name) {
    const environment: Environment = open.call(this, name)
    const commit = environment.commit.bind(environment)
    return Object.assign(environment, {
      commit: (puts: Parameters<typeof commit>[0]) =>
        isBroken ? Promise.reject(new StorageError('io', 'a test says so')) : commit(puts),
      close: () => new Promise<void>(() => {}),
    })
  })
  const launcher = new InlineLauncher({ endLimitMs: 1 })
  const { promise: failure, resolve } = Promise.withResolvers<[number, Error]>()
  const node = await launcher.launch(options, { onFailure: (id, error) => resolve([id, error]) })
  isBroken = true
  const [brokerId, error] = await failure
  expect([brokerId, error.message]).toEqual([1, 'a test says so'])
  await node.kill()
})
