// The results of a run, for people and for programs.

import { textTable } from '@klamm/base'
import type { ComparisonResult } from './compare.ts'

export interface GroupResult {
  readonly group: string
  readonly comparisons: readonly ComparisonResult[]
}

/** One table: how many times as fast as the first variant, and in which range over the rounds. */
export function reportTable(groups: readonly GroupResult[]): string {
  const rows: (string | undefined)[][] = []
  for (const { group, comparisons } of groups) {
    for (const { name, variants } of comparisons) {
      for (const [index, variant] of variants.entries()) {
        rows.push([
          index === 0 ? `${group}: ${name}` : '',
          variant.name,
          index === 0 ? '1' : `${ratioText(variant.ratio)}`,
          index === 0 ? '' : `${ratioText(variant.minRatio)} to ${ratioText(variant.maxRatio)}`,
          timeText(variant.medianNs),
        ])
      }
    }
  }
  return textTable(rows, ['task', 'variant', 'times as fast', 'range', 'one run, here'])
}

function ratioText(ratio: number): string {
  return ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(3)
}

function timeText(ns: number): string {
  if (ns >= 1e6) return `${(ns / 1e6).toPrecision(3)} ms`
  return ns >= 1e3 ? `${(ns / 1e3).toPrecision(3)} µs` : `${ns.toPrecision(3)} ns`
}
