// Letting things happen on a clock that stands still.

import type { TestClock } from '@klamm/base/testing'

/** Every promise that can settle has settled. */
export function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** Streams hand over what was written, and whoever reads it acts on it, back and forth. */
export async function turns(clock: TestClock, count = 12): Promise<void> {
  for (let i = 0; i < count; i++) {
    clock.advance(0)
    await settled()
  }
}
