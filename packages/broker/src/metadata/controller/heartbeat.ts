// A broker's heartbeat: keeps its session, and asks to be unfenced, fenced or let go (KIP-631).

import type { BrokerImage } from '../image/cluster.ts'
import { type MetadataRecord, noLeader } from '../records/records.ts'
import { partitionChangesFor } from './broker-moves.ts'
import { fencingRecords } from './brokers.ts'
import type { ControllerState } from './state.ts'
import type { HeartbeatReply, HeartbeatRequest, Outcome } from './types.ts'

/** What a heartbeat leads to. */
type NextState = 'fenced' | 'unfenced' | 'controlledShutdown' | 'shutDown'

/** The broker is registered with the epoch of the request; STALE_BROKER_EPOCH otherwise. */
export function heartbeat(
  state: ControllerState,
  request: HeartbeatRequest,
): Outcome<HeartbeatReply> {
  const broker = state.image.cluster.broker(request.brokerId)
  if (broker === undefined || broker.epoch !== request.brokerEpoch) {
    const reply = {
      error: 'STALE_BROKER_EPOCH',
      isCaughtUp: false,
      isFenced: true,
      shouldShutDown: false,
    } as const
    return { records: [], reply }
  }
  const next = nextState(state, broker, request)
  return {
    records: recordsFor(state, broker, next),
    reply: {
      error: 'NONE',
      isCaughtUp: isCaughtUp(broker, request),
      isFenced: next === 'fenced' || next === 'shutDown',
      shouldShutDown: next === 'shutDown',
    },
  }
}

function nextState(
  state: ControllerState,
  broker: BrokerImage,
  request: HeartbeatRequest,
): NextState {
  if (broker.fenced) {
    if (request.wantShutDown) return 'shutDown'
    // Whoever began to stop comes back as another incarnation only.
    if (request.wantFence || broker.inControlledShutdown) return 'fenced'
    return isCaughtUp(broker, request) ? 'unfenced' : 'fenced'
  }
  if (broker.inControlledShutdown) return nextOfShutdown(state, broker)
  if (request.wantFence) return request.wantShutDown ? 'shutDown' : 'fenced'
  if (!request.wantShutDown) return 'unfenced'
  return leads(state, broker.id) ? 'controlledShutdown' : 'shutDown'
}

/**
 * Not before every active broker knows of the new leaders: else requests that the stopping broker
 * could have refused with a better address would meet a closed door.
 */
function nextOfShutdown(state: ControllerState, broker: BrokerImage): NextState {
  if (leads(state, broker.id)) return 'controlledShutdown'
  const decidedAt = state.heartbeats.shutdownOffset(broker.id) ?? state.image.position.offset
  const isKnown = decidedAt <= state.heartbeats.lowestActiveOffset(state.image.cluster)
  return isKnown ? 'shutDown' : 'controlledShutdown'
}

function recordsFor(
  state: ControllerState,
  broker: BrokerImage,
  next: NextState,
): readonly MetadataRecord[] {
  switch (next) {
    case 'fenced':
    case 'shutDown':
      return broker.fenced ? [] : fencingRecords(state, [broker])
    case 'unfenced':
      return broker.fenced ? unfencingRecords(state, broker) : []
    case 'controlledShutdown':
      return broker.inControlledShutdown ? [] : shutdownRecords(state, broker)
  }
}

/** The broker is there again: partitions without a leader may find one in it. */
function unfencingRecords(state: ControllerState, broker: BrokerImage): MetadataRecord[] {
  const records: MetadataRecord[] = [change(broker, { fenced: false })]
  const moves = { going: new Set<number>(), coming: broker.id }
  for (const record of partitionChangesFor(state, moves)) records.push(record)
  return records
}

/** The broker leaves every ISR, too: whoever waits for it would wait for its session to run out. */
function shutdownRecords(state: ControllerState, broker: BrokerImage): MetadataRecord[] {
  const records: MetadataRecord[] = [change(broker, { inControlledShutdown: true })]
  for (const record of partitionChangesFor(state, { going: new Set([broker.id]) })) {
    records.push(record)
  }
  return records
}

function change(
  { id, epoch }: BrokerImage,
  to: { readonly fenced?: boolean; readonly inControlledShutdown?: boolean },
): MetadataRecord {
  return {
    kind: 'brokerChange',
    brokerId: id,
    brokerEpoch: epoch,
    fenced: to.fenced,
    inControlledShutdown: to.inControlledShutdown,
  }
}

/** The epoch of a broker is the offset of its registration. */
function isCaughtUp(broker: BrokerImage, request: HeartbeatRequest): boolean {
  return request.currentMetadataOffset >= broker.epoch
}

function leads(state: ControllerState, brokerId: number): boolean {
  for (const { partitions } of state.image.topics.values()) {
    for (const { leader } of partitions) {
      if (leader === brokerId && leader !== noLeader) return true
    }
  }
  return false
}
