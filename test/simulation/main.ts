// npm run sim: many seeds, or one with its trace. A failure prints the seed, what was violated and
// the last events, and how to run it again.

import { Command } from 'commander'
import { simulate } from './simulation.ts'

interface Options {
  readonly seeds: string
  readonly first: string
  readonly seed?: string
  readonly seconds: string
  readonly trace: boolean
}

const program = new Command('sim')
  .description('runs a cluster of real brokers in virtual time, by seed')
  .option('--seeds <count>', 'how many seeds', '50')
  .option('--first <seed>', 'the first of them', '1')
  .option('--seed <seed>', 'one seed only; decimal or 0x')
  .option('--seconds <seconds>', 'simulated seconds with faults, per seed', '30')
  .option('--trace', 'with --seed: print every event', false)
  .parse()
const options = program.opts<Options>()

const durationMs = Number(options.seconds) * 1_000
const seeds =
  options.seed === undefined
    ? Array.from({ length: Number(options.seeds) }, (_, i) => Number(options.first) + i)
    : [Number(options.seed)]

let failed = 0
let simulatedMs = 0
const startedMs = performance.now()
for (const [done, seed] of seeds.entries()) {
  const result = await simulate({ seed, durationMs, keepTrace: options.trace })
  simulatedMs += result.simulatedMs
  if (options.trace) process.stdout.write(`${result.trace.join('\n')}\n`)
  if (result.failure !== undefined) {
    failed += 1
    process.stdout.write(
      `\nSEED=${seed} failed: ${result.failure.stack ?? result.failure.message}\n` +
        `options: ${JSON.stringify(result.swarm)}\nlast events:\n` +
        `${result.trace.slice(-60).join('\n')}\n` +
        `again: npm run sim -- --seed ${seed} --seconds ${options.seconds} --trace\n`,
    )
  } else if (options.seed !== undefined) {
    process.stdout.write(
      `SEED=${seed} hash ${result.traceHash}, ${result.events} events, ${result.acked} acked\n`,
    )
  }
  progress(done + 1)
}
const ratio = simulatedMs / (performance.now() - startedMs)
process.stdout.write(
  `\n${seeds.length} seeds, ${failed} failed, ${Math.round(simulatedMs / 1_000)} simulated ` +
    `seconds, ${ratio.toFixed(1)} per real second\n`,
)
process.exitCode = failed === 0 ? 0 : 1

function progress(done: number): void {
  if (process.stdout.isTTY)
    process.stdout.write(`\r${done}/${seeds.length} seeds, ${failed} failed`)
}
