// Pure building blocks: no I/O, no clock, no randomness of their own.

export { assert, InvariantError, present, unreachable } from './assert.ts'
export { Backoff, type BackoffOptions, backoffMs } from './backoff.ts'
export { BoundedQueue, type QueueBounds } from './bounded-queue.ts'
export { type BudgetWaiter, ByteBudget } from './byte-budget.ts'
export {
  compareBytes,
  concatBytes,
  equalBytes,
  fromHex,
  readableBytes,
  toHex,
  totalBytes,
} from './bytes.ts'
export { Heap } from './heap.ts'
export { type Random, seededRandom } from './random.ts'
export { RollingHash } from './rolling-hash.ts'
export { type SortedEntry, SortedMap } from './sorted-map.ts'
export { type Cell, textTable } from './text-table.ts'
export { TimelineRegistry } from './timeline/registry.ts'
export { TimelineMap } from './timeline/timeline-map.ts'
export { TimelineValue } from './timeline/timeline-value.ts'
export { Timers } from './timers.ts'
export {
  isUuid,
  oneUuid,
  type Uuid,
  uuidFrom,
  uuidFromBytes,
  uuidToBytes,
  zeroUuid,
} from './uuid.ts'
