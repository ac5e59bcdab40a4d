// How a consumer is, in numbers that a health check can act on.

import type { TopicPartition } from '../assignors/partitions.ts'
import type { Engine } from './engine.ts'

/**
 * `idle`: not running. `joining`: without an assignment yet. `running`. `rebalancing`: an
 * assignment is being changed. `suspended`: the coordinator has not been heard of for as long as
 * the session lasts; nothing is handed out. `failed`, `closed`.
 */
export type ConsumerState =
  | 'idle'
  | 'joining'
  | 'running'
  | 'rebalancing'
  | 'suspended'
  | 'failed'
  | 'closed'

export interface ConsumerHealth {
  readonly state: ConsumerState
  /** Wall time in ms of the last heartbeat that was answered; undefined before. */
  readonly lastHeartbeatAt: number | undefined
  readonly lastFetchAt: number | undefined
  /** When something fetched was last dealt with. */
  readonly lastProgressAt: number | undefined
  /** Messages behind, over all partitions; undefined while that of one is not known. */
  readonly lag: number | undefined
  /** Paused partitions. */
  readonly paused: number
  /** Assignments so far. */
  readonly rebalances: number
}

export interface PartitionLag extends TopicPartition {
  /** Undefined until the first fetch. */
  readonly lag: number | undefined
}

type AnyEngine = Pick<
  Engine<unknown, unknown>,
  | 'owned'
  | 'group'
  | 'delivery'
  | 'driver'
  | 'rebalances'
  | 'lastHeartbeatAtMs'
  | 'lastProgressAtMs'
>

export function healthOf(
  engine: AnyEngine | undefined,
  state: 'closed' | 'failed' | undefined,
  isReadCommitted: boolean,
): ConsumerHealth {
  const lags = partitionLag(engine, isReadCommitted)
  let lag: number | undefined = 0
  for (const each of lags) {
    lag = lag === undefined || each.lag === undefined ? undefined : lag + each.lag
  }
  let paused = 0
  for (const { fetch } of engine?.owned.values() ?? []) if (fetch.isPaused) paused += 1
  return {
    state: state ?? stateOf(engine),
    lastHeartbeatAt: engine?.lastHeartbeatAtMs,
    lastFetchAt: engine?.driver.lastFetchAtMs,
    lastProgressAt: engine?.lastProgressAtMs,
    lag: engine === undefined ? undefined : lag,
    paused,
    rebalances: engine?.rebalances ?? 0,
  }
}

function stateOf(engine: AnyEngine | undefined): ConsumerState {
  if (engine === undefined) return 'idle'
  if (engine.delivery.isSuspended) return 'suspended'
  if (engine.group === undefined) return engine.owned.size > 0 ? 'running' : 'joining'
  if (engine.group.membership.state === 'stable') return 'running'
  return engine.rebalances > 0 ? 'rebalancing' : 'joining'
}

export function partitionLag(
  engine: Pick<AnyEngine, 'owned'> | undefined,
  isReadCommitted: boolean,
): PartitionLag[] {
  return [...(engine?.owned.values() ?? [])].map(({ topic, partition, fetch }) => {
    const end = isReadCommitted ? fetch.lastStableOffset : fetch.highWatermark
    const isKnown = end >= 0 && fetch.position >= 0
    return { topic, partition, lag: isKnown ? Math.max(0, end - fetch.position) : undefined }
  })
}
