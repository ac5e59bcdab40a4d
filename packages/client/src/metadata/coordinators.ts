// Which broker coordinates a group or a transactional id: asked once, remembered until somebody
// finds that it is not true any more. Keys asked for together travel in one request (KIP-699).

import type { BackoffOptions } from '@klamm/base'
import { errorNameOf, FindCoordinator, type FindCoordinatorResponse } from '@klamm/protocol'
import type { ClientEnv } from '../env.ts'
import { KafkaError } from '../errors.ts'
import type { Brokers } from '../network/brokers.ts'
import { retrying } from '../network/retry.ts'
import { within } from '../network/within.ts'
import { Batcher } from './batcher.ts'

export type CoordinatorType = 'group' | 'transaction'

export interface FindOptions {
  readonly signal?: AbortSignal | undefined
  /** How long to wait for a coordinator; the client's `requestTimeoutMs` when left out. */
  readonly timeoutMs?: number | undefined
}

export interface CoordinatorsDependencies {
  readonly env: ClientEnv
  readonly brokers: Brokers
  readonly requestTimeoutMs: number
  readonly retry: BackoffOptions
}

type Found = ReadonlyMap<string, number | KafkaError>

const keyTypes = { group: 0, transaction: 1 } as const

/** The first version that asks for many keys. */
const manyKeysVersion = 4

export class Coordinators {
  readonly #deps: CoordinatorsDependencies
  readonly #known = { group: new Map<string, number>(), transaction: new Map<string, number>() }
  readonly #ask = {
    group: new Batcher(keys => this.#request('group', keys)),
    transaction: new Batcher(keys => this.#request('transaction', keys)),
  }

  constructor(deps: CoordinatorsDependencies) {
    this.#deps = deps
  }

  /**
   * The id of the broker; its address is known to `Brokers` by then. Tries again while there is no
   * coordinator yet. Rejects with COORDINATOR_NOT_AVAILABLE or what else the last attempt failed
   * with, GROUP_AUTHORIZATION_FAILED, ERR_ABORTED, ERR_CLOSED.
   */
  async find(type: CoordinatorType, key: string, options: FindOptions = {}): Promise<number> {
    const known = this.#known[type].get(key)
    if (known !== undefined) return known
    const { env, requestTimeoutMs, retry } = this.#deps
    const { clock } = env
    const { signal } = options
    const deadlineMs = clock.monotonicMs() + (options.timeoutMs ?? requestTimeoutMs)
    return retrying(env, { retry, deadlineMs, signal }, async () => {
      const remainingMs = Math.max(0, deadlineMs - clock.monotonicMs())
      const asked = this.#ask[type].ask([key])
      const found = await within(asked, clock, remainingMs, `coordinator of ${key}`, { signal })
      const brokerId = found.get(key)
      if (typeof brokerId === 'number') return brokerId
      throw brokerId ?? notAvailable(key)
    })
  }

  /** After NOT_COORDINATOR, or when its broker cannot be reached: `find` asks anew. */
  forget(type: CoordinatorType, key: string): void {
    this.#known[type].delete(key)
  }

  async #request(type: CoordinatorType, keys: readonly string[]): Promise<Found> {
    const { brokers, requestTimeoutMs } = this.#deps
    // A broker that hangs leaves time to ask another.
    const options = { timeoutMs: requestTimeoutMs / 3 }
    const version = await brokers.versionFor('any', FindCoordinator, options)
    const groups = version >= manyKeysVersion ? [keys] : keys.map(key => [key])
    const found = new Map<string, number | KafkaError>()
    for (const group of groups) {
      const body = {
        key: group[0] ?? '',
        keyType: keyTypes[type],
        coordinatorKeys: group,
      }
      const response = await brokers.request('any', FindCoordinator, body, options)
      this.#take(type, group, response, found)
    }
    return found
  }

  #take(
    type: CoordinatorType,
    keys: readonly string[],
    response: FindCoordinatorResponse,
    found: Map<string, number | KafkaError>,
  ): void {
    // Before version 4 there is one answer, in the response itself.
    const answers =
      response.coordinators.length > 0
        ? response.coordinators
        : [{ ...response, key: keys[0] ?? '' }]
    for (const { key, nodeId, host, port, errorCode, errorMessage } of answers) {
      if (errorCode !== 0 || nodeId < 0) {
        found.set(key, failure(key, errorCode, errorMessage))
        continue
      }
      this.#deps.brokers.learn([{ id: nodeId, host, port, rack: null }])
      this.#known[type].set(key, nodeId)
      found.set(key, nodeId)
    }
  }
}

function failure(key: string, errorCode: number, message: string | null): KafkaError {
  if (errorCode === 0) return notAvailable(key)
  const code = errorNameOf(errorCode)
  return new KafkaError(code, `coordinator of ${key}: ${message || code}`)
}

function notAvailable(key: string): KafkaError {
  const code = 'COORDINATOR_NOT_AVAILABLE'
  return new KafkaError(code, `coordinator of ${key}: ${code}`)
}
