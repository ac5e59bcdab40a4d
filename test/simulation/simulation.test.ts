import { expect, test } from 'vitest'
import { simulate } from './simulation.ts'

const seedCount = Number(process.env.SEEDS ?? 50)
const durationMs = 15_000

for (let seed = 1; seed <= seedCount; seed++) {
  test(`nothing acknowledged is lost, whatever happens to brokers and network (SEED=${seed})`, async () => {
    const { failure, acked, trace } = await simulate({ seed, durationMs })
    if (failure !== undefined) failure.message += `\n${trace.slice(-40).join('\n')}`
    expect(failure).toBeUndefined()
    expect(acked).toBeGreaterThan(0)
  })
}

test.each([1, 2, 3])('the same seed gives the same run (SEED=%i)', async seed => {
  const first = await simulate({ seed, durationMs: 5_000 })
  const second = await simulate({ seed, durationMs: 5_000 })
  expect(second.traceHash).toBe(first.traceHash)
  expect(second.events).toBe(first.events)
})
