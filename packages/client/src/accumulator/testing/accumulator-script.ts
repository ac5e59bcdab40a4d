// The accumulator driven by a script: records have letters, batches are told apart by the order in
// which they were first sent (B1, B2 …).

import { seededRandom } from '@klamm/base'
import type { ScriptCommand } from '@klamm/base/testing'
import type { ErrorName } from '@klamm/protocol/errors'
import { Accumulator, type LeaderView, type Shipment } from '../accumulator.ts'
import type { Acks, Batch } from '../batch.ts'
import type { PartitionQueue } from '../partition-queue.ts'
import type { FailureCode } from '../reactions.ts'
import type { Settlement } from '../settlement.ts'

/** Records as sizes. */
export class FakeSink {
  readonly sizes: number[] = []
  sizeInBytes = 0

  get recordCount(): number {
    return this.sizes.length
  }

  append(size: number): void {
    this.sizes.push(size)
    this.sizeInBytes += size
  }
}

type FakeBatch = Batch<FakeSink, string>
type FakeQueue = PartitionQueue<FakeSink, string>

interface OnItsWay {
  readonly name: string
  readonly shipment: Shipment<FakeSink, string>
  readonly queue: FakeQueue
  readonly batch: FakeBatch
}

interface State {
  accumulator: Accumulator<FakeSink, string>
  readonly leaders: Map<string, { leaderId: number; leaderEpoch: number }>
  readonly names: Map<FakeBatch, string>
  readonly inFlight: OnItsWay[]
  isIdempotent: boolean
  deliveryMs: number
  atMs: number
  places: number
}

/** Answers one command after the other. */
export function accumulatorScript(): (command: ScriptCommand) => string {
  const state: State = {
    accumulator: newAccumulator({}),
    leaders: new Map(),
    names: new Map(),
    inFlight: [],
    isIdempotent: true,
    deliveryMs: 1000,
    atMs: 0,
    places: 0,
  }
  return command => {
    if (command.has('at')) state.atMs = command.number('at')
    const lines = run(command, state)
    for (const settlement of state.accumulator.takeSettlements()) lines.push(...told(settlement))
    return lines.length === 0 ? 'ok' : lines.join('\n')
  }
}

function run(command: ScriptCommand, state: State): string[] {
  switch (command.name) {
    case 'producer':
      return producer(command, state)
    case 'identity':
      state.accumulator.identified({ producerId: command.number('id'), producerEpoch: 0 })
      return []
    case 'no-identity':
      state.accumulator.notIdentified({ code: error(command), message: undefined })
      return []
    case 'leader':
      state.leaders.set(`t-${command.number('p', 0)}`, {
        leaderId: command.number('broker'),
        leaderEpoch: command.number('epoch', -1),
      })
      return []
    case 'send':
      return send(command, state)
    case 'drain':
      return drain(command, state)
    case 'answer':
      return answer(command, state)
    case 'lost':
      return lost(command, state)
    case 'unwanted': {
      const gone = command.list('records')
      state.accumulator.dropUnwanted(owner => gone.includes(owner))
      return show(state)
    }
    case 'abandon':
      state.accumulator.abandonAll({ code: 'ERR_CLOSED', message: undefined })
      return []
    case 'show':
      return show(state)
    default:
      return command.unknown()
  }
}

function producer(command: ScriptCommand, state: State): string[] {
  state.isIdempotent = !command.boolean('plain')
  state.deliveryMs = command.number('delivery', 1000)
  state.accumulator = newAccumulator({
    lingerMs: command.number('linger', 0),
    lingersWhenIdle: !command.boolean('eager'),
    batchBytes: command.number('batch', 100),
    maxBufferedBytes: command.number('buffered', 1000),
    maxRequestBytes: command.number('request', 1000),
    maxInFlight: command.number('in-flight', 5),
  })
  if (command.has('id')) {
    state.accumulator.identified({ producerId: command.number('id'), producerEpoch: 0 })
  }
  return []
}

interface Sizes {
  readonly lingerMs?: number
  readonly lingersWhenIdle?: boolean
  readonly batchBytes?: number
  readonly maxBufferedBytes?: number
  readonly maxRequestBytes?: number
  readonly maxInFlight?: number
}

function newAccumulator(sizes: Sizes): Accumulator<FakeSink, string> {
  return new Accumulator<FakeSink, string>({
    lingerMs: 0,
    lingersWhenIdle: true,
    batchBytes: 100,
    maxBufferedBytes: 1000,
    maxRequestBytes: 1000,
    maxInFlight: 5,
    ...sizes,
    random: seededRandom(1),
    retry: { initialMs: 10, maxMs: 100, jitter: 0 },
    sinks: {
      open: () => new FakeSink(),
      pick(batch, indexes) {
        const sink = new FakeSink()
        for (const index of indexes) sink.append(batch.sink.sizes[index] ?? 0)
        return sink
      },
    },
  })
}

function send(command: ScriptCommand, state: State): string[] {
  const bytes = command.number('bytes', 10)
  const acksText = command.string('acks', 'all')
  const acks: Acks = acksText === 'all' ? 'all' : acksText === '1' ? 1 : 0
  const { accumulator } = state
  const queue = accumulator.queue('t', command.number('p', 0))
  const deadlineMs = state.atMs + state.deliveryMs
  const settings = { acks, compression: command.has('lz4') ? 'lz4' : 'none' } as const
  const isIdempotent = state.isIdempotent && acks === 'all'
  const record = { settings, isIdempotent, deadlineMs }
  for (const owner of command.list('records')) {
    if (!accumulator.hasRoom(bytes)) return [`no room for ${owner}`]
    const batch = accumulator.batchFor(queue, bytes, record, state.atMs)
    batch.sink.append(bytes)
    accumulator.written(queue, batch, owner, state.places++)
  }
  return []
}

function drain(command: ScriptCommand, state: State): string[] {
  const { accumulator, leaders } = state
  const view: LeaderView = {
    leaderOf: (topic, partition) => {
      return leaders.get(`${topic}-${partition}`) ?? { leaderId: 1, leaderEpoch: -1 }
    },
  }
  const lines: string[] = []
  for (const shipment of accumulator.drain(state.atMs, view, command.boolean('urgent'))) {
    lines.push(`to broker ${shipment.brokerId}, acks ${shipment.acks}`)
    for (const { queue, batch } of shipment.batches) {
      let name = state.names.get(batch)
      if (name === undefined) {
        name = `B${state.names.size + 1}`
        state.names.set(batch, name)
      }
      state.inFlight.push({ name, shipment, queue, batch })
      lines.push(`  ${name} for ${queue.topic}-${queue.partition}: ${content(batch)}`)
    }
  }
  if (accumulator.wantsIdentity) lines.push('a producer id is wanted')
  for (const topic of accumulator.takeLeaderless()) lines.push(`no leader in ${topic}`)
  const { wakeAtMs } = accumulator
  if (command.has('wake') || lines.length === 0) lines.push(`nothing more before ${wakeAtMs}`)
  return lines
}

function answer(command: ScriptCommand, state: State): string[] {
  const { queue, batch } = landed(command, state)
  const isRefresh = state.accumulator.answered(
    queue,
    batch,
    {
      error: command.string('error', 'NONE') as ErrorName,
      baseOffset: command.number('offset', -1),
      logAppendTimeMs: -1,
      recordErrors: command.numbers('bad', []).map(index => ({ index, message: `bad ${index}` })),
      message: undefined,
    },
    state.atMs,
  )
  return isRefresh ? ['metadata are stale'] : []
}

function lost(command: ScriptCommand, state: State): string[] {
  const { queue, batch } = landed(command, state)
  const code = command.string('error', 'ERR_CONNECTION') as FailureCode
  const retriable = !command.boolean('final')
  state.accumulator.lost(queue, batch, { code, message: undefined, retriable }, state.atMs)
  return []
}

function landed(command: ScriptCommand, state: State): OnItsWay {
  const name = command.string('batch')
  const index = state.inFlight.findIndex(sent => sent.name === name)
  const [sent] = index < 0 ? [] : state.inFlight.splice(index, 1)
  if (sent === undefined) throw new Error(`${name} is not on its way`)
  if (!state.inFlight.some(({ shipment }) => shipment === sent.shipment)) {
    const mutedMs = command.number('throttle', 0)
    state.accumulator.shipmentDone(sent.shipment, mutedMs === 0 ? 0 : state.atMs + mutedMs)
  }
  return sent
}

function show(state: State): string[] {
  return [`${state.accumulator.bufferedBytes} bytes, ${state.inFlight.length} on their way`]
}

function error(command: ScriptCommand): FailureCode {
  return command.string('error') as FailureCode
}

function content({ owners, identity, baseSequence, recordCount }: FakeBatch): string {
  const records = owners.join(' ')
  if (identity === undefined) return records
  const { producerId, producerEpoch } = identity
  const last = baseSequence + recordCount - 1
  return `${records} as ${producerId}/${producerEpoch} ${baseSequence}..${last}`
}

function told({ batch, outcome }: Settlement<FakeSink, string>): string[] {
  switch (outcome.kind) {
    case 'stored':
      return [`${batch.owners.join(' ')} stored at ${outcome.baseOffset}`]
    case 'failed': {
      const doubt = batch.mayBeStored || batch.state === 'inFlight' ? ', may be stored' : ''
      return [`${batch.owners.join(' ')} failed: ${outcome.failure.code}${doubt}`]
    }
    case 'rejected':
      return [...outcome.records].map(([index, message]) => {
        return `${batch.owners[index]} rejected: ${outcome.code}, ${message}`
      })
    default:
      return outcome
  }
}
