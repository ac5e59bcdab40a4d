// How variants of one task compare: they run in turns, many short rounds, so that whatever else the
// machine does hits all of them alike. What counts is the ratio to the first variant within a
// round; the median over the rounds is the result, their range tells how far to trust it.

import { Bench } from 'tinybench'

export interface Variant {
  readonly name: string
  /** One task. What it returns is waited for when it is a promise. */
  run(): unknown
}

export interface Comparison {
  readonly name: string
  /** The first one is what the others are measured by. */
  readonly variants: readonly Variant[]
  /** When the comparison is over. */
  close?(): Promise<void>
}

export interface Settings {
  readonly rounds: number
  /** Time of one variant in one round, at least. */
  readonly roundMs: number
}

export interface VariantResult {
  readonly name: string
  /** How many times as fast as the first variant; 1 for itself. Median of the rounds. */
  readonly ratio: number
  readonly minRatio: number
  readonly maxRatio: number
  /** Median time of one run. It means nothing on another machine. */
  readonly medianNs: number
}

export interface ComparisonResult {
  readonly name: string
  readonly variants: readonly VariantResult[]
}

/** A sample shorter than this is mostly the clock's own cost. */
const minSampleMs = 0.05

export async function compare(
  { name, variants }: Comparison,
  settings: Settings,
): Promise<ComparisonResult> {
  const repeats: number[] = []
  for (const variant of variants) repeats.push(await repeatsFor(variant))
  const timesMs: number[][] = variants.map(() => [])
  for (let round = 0; round < settings.rounds; round++) {
    for (let i = 0; i < variants.length; i++) {
      // Another one begins each round: none always runs on what the same neighbour left behind.
      const index = (i + round) % variants.length
      const variant = variants[index] as Variant
      const timeMs = await medianMs(variant, repeats[index] as number, settings.roundMs)
      timesMs[index]?.push(timeMs)
    }
  }
  const baseline = timesMs[0] as number[]
  return {
    name,
    variants: variants.map((variant, index) => {
      const times = timesMs[index] as number[]
      const ratios = times.map((timeMs, round) => (baseline[round] as number) / timeMs)
      return {
        name: variant.name,
        ratio: median(ratios),
        minRatio: Math.min(...ratios),
        maxRatio: Math.max(...ratios),
        medianNs: median(times) * 1e6,
      }
    }),
  }
}

/** Median time of one run, of the samples of one round. */
async function medianMs(variant: Variant, repeats: number, roundMs: number): Promise<number> {
  const bench = new Bench({ time: roundMs, iterations: 3, warmup: false, throws: true })
  bench.add(variant.name, repeats === 1 ? () => variant.run() : () => repeat(variant, repeats))
  await bench.run()
  const result = bench.tasks[0]?.result
  if (result === undefined || !('latency' in result)) throw new Error(`${variant.name} has no time`)
  return result.latency.p50 / repeats
}

/** How many runs make one sample; 1 for what is asynchronous. Also warms the variant up. */
async function repeatsFor(variant: Variant): Promise<number> {
  const first = variant.run()
  if (first instanceof Promise) {
    await first
    return 1
  }
  let count = 1
  for (;;) {
    const startMs = performance.now()
    repeat(variant, count)
    const elapsedMs = performance.now() - startMs
    if (elapsedMs >= 10 * minSampleMs) return Math.max(1, Math.round(count / 10))
    count *= 2
  }
}

function repeat(variant: Variant, count: number): void {
  for (let i = 0; i < count; i++) variant.run()
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}
