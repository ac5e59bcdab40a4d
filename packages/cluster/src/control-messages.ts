// What the parent thread and a node's thread say to each other.

import type { MessagePort } from 'node:worker_threads'
import type { StopKind } from './launcher.ts'
import type { NodeOptions } from './node-options.ts'

/** Given to the worker when it is made. */
export interface NodeWorkerData {
  readonly options: NodeOptions
  /** To the hub that connects the brokers of this process. */
  readonly peers: MessagePort
  /** To the hub through which clients of this process come. */
  readonly clients: MessagePort
}

export type ToNode =
  | { readonly kind: 'stop'; readonly how: StopKind }
  /** Stand still and say so: the thread is about to be ended. */
  | { readonly kind: 'freeze' }

/** `operator`: a reason that the operator can mend, in one sentence. */
export type FromNode =
  | { readonly kind: 'started'; readonly port: number }
  | { readonly kind: 'notStarted'; readonly message: string; readonly operator: boolean }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'frozen' }
