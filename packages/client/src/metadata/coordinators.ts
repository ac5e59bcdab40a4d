// Which broker coordinates a group or a transactional id: asked once, remembered until somebody
// finds that it is not true any more. Keys asked for together travel in one request (KIP-699).

import { KafkaError } from '../errors.ts'

export type CoordinatorType = 'group' | 'transaction'

export interface FindOptions {
  readonly signal?: AbortSignal | undefined
  /** How long to wait for a coordinator; the client's `requestTimeoutMs` when left out. */
  readonly timeoutMs?: number | undefined
}

export class Coordinators {
  /**
   * The id of the broker; its address is known to `Brokers` by then. Tries again while there is no
   * coordinator yet. Rejects with COORDINATOR_NOT_AVAILABLE or what else the last attempt failed
   * with, GROUP_AUTHORIZATION_FAILED, ERR_ABORTED, ERR_CLOSED.
   */
  find(_type: CoordinatorType, _key: string, _options: FindOptions = {}): Promise<number> {
    return Promise.reject(new KafkaError('ERR_CLOSED', 'to come'))
  }

  /** After NOT_COORDINATOR, or when its broker cannot be reached: `find` asks anew. */
  forget(_type: CoordinatorType, _key: string): void {}
}
