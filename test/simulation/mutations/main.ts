// npm run sim:bugs: how many seeds the simulation takes to find each known bug. A bug that it does
// not find shows that it cannot be trusted with the bugs that nobody knows.

import { Command } from 'commander'
import { simulate } from '../simulation.ts'
import { mutations } from './index.ts'
import type { Mutation } from './mutation.ts'

interface Options {
  readonly seeds: string
  readonly first: string
  readonly only?: string
  readonly seconds: string
}

const program = new Command('sim:bugs')
  .description('switches on known bugs, one at a time, and counts the seeds until each is found')
  .option('--seeds <count>', 'how many seeds to try at most', '500')
  .option('--first <seed>', 'the first of them', '1')
  .option('--only <part>', 'only bugs whose name contains this')
  .option('--seconds <seconds>', 'simulated seconds with faults, per seed', '15')
  .parse()
const options = program.opts<Options>()

async function hunt(mutation: Mutation) {
  const first = Number(options.first)
  const startedMs = performance.now()
  const undo = mutation.apply()
  try {
    for (let seed = first; seed < first + Number(options.seeds); seed++) {
      const { failure } = await simulate({ seed, durationMs: Number(options.seconds) * 1_000 })
      if (failure !== undefined) return { seed, failure, ms: performance.now() - startedMs }
    }
    return undefined
  } finally {
    undo()
  }
}

let missed = 0
const chosen = mutations.filter(({ name }) => name.includes(options.only ?? ''))
for (const mutation of chosen) {
  const found = await hunt(mutation)
  if (found === undefined) missed += 1
  const seeds = found === undefined ? 'none' : `${found.seed - Number(options.first) + 1}`
  const how = found?.failure.message.split('\n')[0] ?? ''
  const seconds = ((found?.ms ?? 0) / 1_000).toFixed(1)
  process.stdout.write(
    `${mutation.name.padEnd(40)}${seeds.padStart(5)} seeds ${seconds.padStart(6)} s  ${how}\n`,
  )
}
process.stdout.write(`\n${chosen.length} bugs, ${missed} not found\n`)
process.exitCode = missed === 0 ? 0 : 1
