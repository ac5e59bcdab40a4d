// What is queued for a commit: a batch, or a change to a log.

import type { LogState } from './log-state.ts'

/** A batch in memory: until it is durable in any case, afterwards as long as the cache has room. */
export class Appended {
  readonly kind = 'batch'
  readonly state: LogState
  /** Its row in the index of the log. */
  readonly row: number
  /** Exclusive. */
  readonly endOffset: number
  /**
   * Changes once: to a view on the block it was packed into, which frees the request it came in.
   */
  bytes: Uint8Array
  isDurable = false
  /** Truncated, or its log deleted: the row is another batch's by now, or none. */
  isDead = false
  /** Which value of its commit it is in, and where; while the commit is being made. */
  valueIndex = 0
  offsetInValue = 0

  constructor(state: LogState, row: number, endOffset: number, bytes: Uint8Array) {
    this.state = state
    this.row = row
    this.endOffset = endOffset
    this.bytes = bytes
  }
}

/** A change to a log other than an append. Takes effect in memory at once. */
export interface Change {
  readonly kind: 'create' | 'truncate' | 'start' | 'watermark' | 'damage' | 'delete'
  readonly state: LogState
  /**
   * Where the log starts (`create`, `start`), ends (`truncate`) or is committed (`watermark`) from
   * here on.
   */
  readonly offset: number
  /** With `create`: the incarnation that ends in the same commit. */
  readonly replaced: LogState | undefined
  /** Resolved when the change is durable. */
  readonly done: PromiseWithResolvers<void>
}

export type Queued = Appended | Change
