// When a write is taken to hang, by looks and not by the clock on the wall.

import { TestClock } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { WriteWatch } from './write-watch.ts'

/** A clock on which the test lets the next timer fire, whenever that is. */
class SteppedClock extends TestClock {
  readonly timers: (() => void)[] = []

  override setTimer(_delayMs: number, run: () => void) {
    this.timers.push(run)
    return {
      cancel: () => {
        const at = this.timers.indexOf(run)
        if (at >= 0) this.timers.splice(at, 1)
      },
    }
  }

  fire(): void {
    this.timers.shift()?.()
  }
}

function watching() {
  const clock = new SteppedClock()
  const seen: string[] = []
  const watch = new WriteWatch({
    clock,
    slowAfterMs: 2_000,
    onSlow: () => seen.push('slow'),
    hungAfterMs: 4_000,
    onHung: () => seen.push('hung'),
  })
  return { clock, seen, watch }
}

test('a write that does not end is slow, then hangs, and is looked at no more', () => {
  const { clock, seen, watch } = watching()
  watch.began()
  clock.fire()
  expect(seen).toEqual([])
  clock.fire()
  clock.fire()
  expect(seen).toEqual(['slow'])
  clock.fire()
  expect(seen).toEqual(['slow', 'hung'])
  expect(clock.timers).toEqual([])
  watch.began()
  expect(clock.timers).toEqual([])
})

test('a process that was stopped for an hour does not take that for a disk that hangs', () => {
  const { clock, seen, watch } = watching()
  watch.began()
  clock.advance(3_600_000)
  clock.fire()
  expect(seen).toEqual([])
  watch.ended()
  clock.fire()
  expect([seen, clock.timers]).toEqual([[], []])
})

test('as long as one write after the other ends, none of them hangs', () => {
  const { clock, seen, watch } = watching()
  watch.began()
  for (let i = 0; i < 20; i++) {
    watch.began()
    clock.fire()
    watch.ended()
  }
  expect(seen).toEqual([])
  expect(clock.timers).toHaveLength(1)
})

test('a write that begins after a quiet time is not blamed for it', () => {
  const { clock, seen, watch } = watching()
  watch.began()
  clock.fire()
  watch.ended()
  watch.began()
  clock.fire()
  expect(seen).toEqual([])
  clock.fire()
  expect(seen).toEqual(['slow'])
})
