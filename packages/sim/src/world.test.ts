// The promise everything else rests on: a seed is a run.

import type { Env } from '@klamm/base/env'
import { seeds } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { SimWorld } from './world.ts'

for (const seed of seeds(10)) {
  test(`a seed gives the same run each time (SEED=${seed})`, async () => {
    const first = await run(seed)
    const second = await run(seed)
    expect(second.lines).toEqual(first.lines)
    expect(second.hash).toBe(first.hash)
    expect(first.lines.length).toBeGreaterThan(100)
  })
}

test('different seeds give different runs', async () => {
  const hashes = await Promise.all([1, 2, 3].map(async seed => (await run(seed)).hash))
  expect(new Set(hashes).size).toBe(3)
})

/** Three nodes that talk, store and fail for a while. */
async function run(seed: number): Promise<{ hash: string; lines: readonly string[] }> {
  const world = new SimWorld({ seed, trace: { keepLines: 100_000 } })
  const names = ['a', 'b', 'c']
  const faults = world.random('faults')
  for (const [id, name] of names.entries()) void chat(world.node(name).start(), id)
  for (let step = 0; step < 50; step++) {
    await world.scheduler.runFor(faults.float() * 100)
    const name = faults.pick(names)
    const [from, to] = [faults.pick(names), faults.pick(names)]
    switch (faults.below(5)) {
      case 0:
        world.node(name).crash(faults.pick(['process', 'power']))
        void chat(world.node(name).start(), names.indexOf(name))
        break
      case 1:
        world.network.block(from, to)
        break
      case 2:
        world.network.heal()
        break
      case 3:
        world.network.cut(from, to)
        break
      default:
        world.node(name).freeze(faults.below(50))
    }
  }
  return { hash: world.trace.hash, lines: world.trace.lines() }
}

/** Sends a greeting to everybody, over and over, and stores what it hears. */
async function chat(env: Env, id: number): Promise<void> {
  const store = env.storage.open('heard')
  let heard = 0
  const put = (value: Uint8Array) => ({ key: Uint8Array.of(heard++ & 0xff, id), value })
  await env.peers.listen({ kind: 'peer', brokerId: id }, stream => {
    stream.handle({
      onData: chunk => {
        void store.commit([put(chunk)]).then(() => stream.write([chunk]))
      },
      onClose: error => env.log.info('stream closed', { error }),
    })
  })
  for (;;) {
    await env.clock.sleep(5 + env.random.below(20))
    const other = env.random.below(3)
    try {
      const stream = await env.peers.connect({ kind: 'peer', brokerId: other })
      stream.handle({ onData: () => stream.end(), onClose() {} })
      stream.write([env.random.bytes(20)])
    } catch (error) {
      env.log.warn('not connected', { other, error })
    }
  }
}
