// How nodes are run: inline or in worker threads. Both keep this contract.

import type { Network } from '@klamm/base/env'
import type { NodeOptions } from './node-options.ts'

export interface NodeEvents {
  /** The node ended by itself: its disk failed, or a bug showed. */
  readonly onFailure: (brokerId: number, error: Error) => void
}

/** `alone`: the others go on and take over. `all`: nobody is left to take anything over. */
export type StopKind = 'alone' | 'all'

/** A running node. */
export interface NodeHandle {
  readonly brokerId: number
  /** The port clients connect to. */
  readonly port: number
  /** Resolves when the broker serves. */
  ready(): Promise<void>
  /** Hands leadership over (unless the whole cluster stops), flushes, ends. */
  stop(how: StopKind): Promise<void>
  /** Ends at once, as by kill -9: nothing is handed over or flushed. */
  kill(): Promise<void>
}

export interface Launcher extends AsyncDisposable {
  /** Where clients in this process reach the brokers: by `peer` addresses. */
  readonly clients: Network
  /** Starts a node. Rejects with ConfigError when the operator can mend the reason. */
  launch(options: NodeOptions, events: NodeEvents): Promise<NodeHandle>
}
