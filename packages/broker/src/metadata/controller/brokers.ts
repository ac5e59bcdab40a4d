// Brokers come and go: registration, unregistration, and the sessions that run out.

import type { BrokerImage } from '../image/cluster.ts'
import type { MetadataRecord, RegisterBrokerRecord } from '../records/records.ts'
import { type BrokerMoves, partitionChangesFor } from './broker-moves.ts'
import { type ControllerState, noError, refused } from './state.ts'
import type { ItemResult, Outcome, RegisterBrokerReply, RegisterBrokerRequest } from './types.ts'

/**
 * A broker has started. `nextOffset`, where the records will be appended, becomes its epoch: it may
 * only be unfenced once it has applied its own registration.
 */
export function registerBroker(
  state: ControllerState,
  request: RegisterBrokerRequest,
  nextOffset: number,
  nowMs: number,
): Outcome<RegisterBrokerReply> {
  const existing = state.image.cluster.broker(request.brokerId)
  const problem =
    problemWithRequest(state, request) ?? problemWithExisting(state, request, existing, nowMs)
  if (problem !== undefined) return { records: [], reply: { ...problem, brokerEpoch: -1 } }
  const isAmendment = existing?.incarnationId === request.incarnationId
  const brokerEpoch = isAmendment ? existing.epoch : nextOffset
  const records: MetadataRecord[] = []
  if (existing !== undefined && !isAmendment) {
    for (const change of partitionChangesFor(state, movesOfRestart(request, existing))) {
      records.push(change)
    }
  }
  records.push(registration(request, brokerEpoch, isAmendment ? existing : undefined))
  return { records, reply: { ...noError, brokerEpoch } }
}

export function unregisterBroker(state: ControllerState, brokerId: number): Outcome<ItemResult> {
  const broker = state.image.cluster.broker(brokerId)
  if (broker === undefined) {
    const reply = refused('BROKER_ID_NOT_REGISTERED', `Broker ${brokerId} is not registered.`)
    return { records: [], reply }
  }
  const moves = { going: new Set([brokerId]), lost: brokerId, emptied: brokerId }
  const records: MetadataRecord[] = partitionChangesFor(state, moves)
  records.push({ kind: 'unregisterBroker', brokerId, brokerEpoch: broker.epoch })
  return { records, reply: noError }
}

/** The records that fence the brokers, and move away what they lead. */
export function fencingRecords(
  state: ControllerState,
  brokers: readonly BrokerImage[],
): MetadataRecord[] {
  const going = new Set(brokers.map(broker => broker.id))
  const records: MetadataRecord[] = partitionChangesFor(state, { going })
  for (const { id, epoch } of brokers) {
    records.push({
      kind: 'brokerChange',
      brokerId: id,
      brokerEpoch: epoch,
      fenced: true,
      inControlledShutdown: undefined,
    })
  }
  return records
}

export function expireSessions(state: ControllerState, nowMs: number): Outcome<readonly number[]> {
  const { cluster } = state.image
  const ids = state.heartbeats.expired(cluster, nowMs)
  const brokers = ids.flatMap(id => cluster.broker(id) ?? [])
  return { records: brokers.length === 0 ? [] : fencingRecords(state, brokers), reply: ids }
}

function problemWithRequest(
  { image, options }: ControllerState,
  request: RegisterBrokerRequest,
): ItemResult | undefined {
  if (request.clusterId !== options.clusterId) {
    const message = `This is cluster ${options.clusterId}, not ${request.clusterId}.`
    return refused('INCONSISTENT_CLUSTER_ID', message)
  }
  if (request.brokerId < 0) {
    return refused('INVALID_REQUEST', `A broker id is not negative: ${request.brokerId}.`)
  }
  if (new Set(request.logDirs).size < request.logDirs.length) {
    return refused('INVALID_REGISTRATION', 'A directory is named twice.')
  }
  for (const other of image.cluster.brokers.values()) {
    if (other.id === request.brokerId) continue
    const shared = request.logDirs.find(dir => other.logDirs.includes(dir))
    if (shared === undefined) continue
    return refused('INVALID_REGISTRATION', `Directory ${shared} belongs to broker ${other.id}.`)
  }
  return problemWithFeatures(image.features, request)
}

/** Every finalized feature must be among what the broker can work with. */
function problemWithFeatures(
  finalized: ReadonlyMap<string, number>,
  request: RegisterBrokerRequest,
): ItemResult | undefined {
  for (const [name, level] of finalized) {
    const range = request.features.find(feature => feature.name === name)
    const minLevel = range?.minLevel ?? 0
    const maxLevel = range?.maxLevel ?? 0
    if (minLevel <= level && level <= maxLevel) continue
    const message = `Feature ${name} is at level ${level}, the broker knows ${minLevel}-${maxLevel}.`
    return refused('UNSUPPORTED_VERSION', message)
  }
  return undefined
}

/**
 * Another process with the same id that is alive is refused, unless the new one holds the very
 * directories of the old one: they are locked, so the old process is gone, however recently it was
 * heard of. That makes a restart quick.
 */
function problemWithExisting(
  state: ControllerState,
  request: RegisterBrokerRequest,
  existing: BrokerImage | undefined,
  nowMs: number,
): ItemResult | undefined {
  if (existing === undefined || existing.incarnationId === request.incarnationId) return undefined
  if (existing.fenced || existing.inControlledShutdown) return undefined
  if (!state.heartbeats.isAlive(existing.id, existing.epoch, nowMs)) return undefined
  if (request.logDirs.length > 0 && haveSameDirs(request, existing)) return undefined
  const message = `Another broker ${existing.id} is alive.`
  return refused('DUPLICATE_BROKER_REGISTRATION', message)
}

function haveSameDirs(request: RegisterBrokerRequest, existing: BrokerImage): boolean {
  return (
    request.logDirs.length === existing.logDirs.length &&
    request.logDirs.every(dir => existing.logDirs.includes(dir))
  )
}

/**
 * A new incarnation leads nothing and is in no ISR until it has caught up. Without the proof that
 * it stopped cleanly (the epoch it had then), it may have lost its tail: KIP-966.
 */
function movesOfRestart(request: RegisterBrokerRequest, existing: BrokerImage): BrokerMoves {
  const { brokerId } = request
  const going = new Set([brokerId])
  const keepsDirs =
    request.logDirs.length === 0 || existing.logDirs.every(dir => request.logDirs.includes(dir))
  if (!keepsDirs) return { going, lost: brokerId, emptied: brokerId }
  const isClean = request.previousBrokerEpoch === existing.epoch
  return isClean ? { going } : { going, lost: brokerId }
}

function registration(
  request: RegisterBrokerRequest,
  brokerEpoch: number,
  amended: BrokerImage | undefined,
): RegisterBrokerRecord {
  return {
    kind: 'registerBroker',
    brokerId: request.brokerId,
    brokerEpoch,
    incarnationId: request.incarnationId,
    endpoints: request.endpoints,
    features: request.features,
    zone: request.zone,
    fenced: amended?.fenced ?? true,
    inControlledShutdown: amended?.inControlledShutdown ?? false,
    logDirs: request.logDirs,
  }
}
