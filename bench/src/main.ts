// Runs the micro benchmarks and prints how variants compare: `npm run bench`. Ratios of one run on
// one machine; nothing here passes or fails.
//
//   npm run bench -- [--json] [--quick] [GROUP…]

import { parseArgs } from 'node:util'
import { type Comparison, type ComparisonResult, compare, type Settings } from './compare.ts'
import { type GroupResult, reportTable } from './report.ts'

/** Loaded when asked for: one group does not need what another imports. */
const groups: Readonly<
  Record<string, () => Promise<{ comparisons: () => Comparison[] | Promise<Comparison[]> }>>
> = {
  crc: () => import('./crc.ts'),
  codec: () => import('./codec.ts'),
  batches: () => import('./batches.ts'),
  'segment-append': () => import('./segment-append.ts'),
  'client-produce': () => import('./client-produce.ts'),
  'client-consume': () => import('./client-consume.ts'),
}

const thorough: Settings = { rounds: 11, roundMs: 100 }
const quick: Settings = { rounds: 3, roundMs: 20 }

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})

const names = positionals.length > 0 ? positionals : Object.keys(groups)
const results: GroupResult[] = []
for (const group of names) {
  const load = groups[group]
  if (load === undefined) {
    console.error(`there is no group ${group}; there are ${Object.keys(groups).join(', ')}`)
    process.exit(2)
  }
  const { comparisons } = await load()
  const compared: ComparisonResult[] = []
  for (const comparison of await comparisons()) {
    if (!values.json) console.error(`${group}: ${comparison.name}`)
    try {
      compared.push(await compare(comparison, values.quick ? quick : thorough))
    } finally {
      await comparison.close?.()
    }
  }
  results.push({ group, comparisons: compared })
}
console.log(values.json ? JSON.stringify(results, undefined, 2) : `\n${reportTable(results)}`)
