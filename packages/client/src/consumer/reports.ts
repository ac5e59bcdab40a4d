// What happens to a consumer, told three ways: to its log, its listeners, and diagnostics channels.

import type { TopicPartition } from '../assignors/partitions.ts'
import type { ClientCore } from '../core.ts'
import type { ConsumerEvents, EventHub } from './events.ts'

export class Reports {
  readonly #core: ClientCore
  readonly #events: EventHub
  readonly #groupId: string | undefined

  constructor(core: ClientCore, events: EventHub, groupId: string | undefined) {
    this.#core = core
    this.#events = events
    this.#groupId = groupId
  }

  join(event: ConsumerEvents['join']): void {
    this.#events.emit('join', event)
    const { consumerJoin } = this.#core.diagnostics
    if (consumerJoin.hasSubscribers) consumerJoin.publish({ ...this.#who, ...event })
  }

  rebalance(
    assigned: readonly TopicPartition[],
    revoked: readonly TopicPartition[],
    lost: readonly TopicPartition[],
  ): void {
    const event = { assigned: plain(assigned), revoked: plain(revoked), lost: plain(lost) }
    this.#core.env.log.info('the assignment changed', { groupId: this.#groupId, ...event })
    this.#events.emit('rebalance', event)
    const { consumerRebalance } = this.#core.diagnostics
    if (consumerRebalance.hasSubscribers) consumerRebalance.publish({ ...this.#who, ...event })
  }

  heartbeat(generationId: number): void {
    this.#events.emit('heartbeat', { generationId })
    const { heartbeat } = this.#core.diagnostics
    if (heartbeat.hasSubscribers) heartbeat.publish({ ...this.#who, generationId })
  }

  stalled(lateMs: number): void {
    this.#core.env.log.warn('heartbeats do not get through', { groupId: this.#groupId, lateMs })
    this.#events.emit('heartbeat.stalled', { lateMs })
    const { heartbeatStalled } = this.#core.diagnostics
    if (heartbeatStalled.hasSubscribers) heartbeatStalled.publish({ ...this.#who, lateMs })
  }

  get #who() {
    return { clientId: this.#core.clientId, groupId: this.#groupId }
  }
}

function plain(list: readonly TopicPartition[]): TopicPartition[] {
  return list.map(({ topic, partition }) => ({ topic, partition }))
}
