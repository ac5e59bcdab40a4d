// Plays a script against the fetching of one consumer and says what it asks for.
//
//   consumer [policy=latest] [committed] [buffer=bytes] [partition-bytes=n]
//   topic t leaders=(1,2) [epochs=(0,0)] [ids=false]     what metadata says; -1: no leader
//   add t-0 [committed=offset] [epoch=n]     remove t-0     seek t-0 offset=n     reset t-0 to=n
//   pause t-0     resume t-0     take t-0     finish t-0
//   fetch     answer plan=n [error=E] [session=n]     lost plan=n
//     below `answer` a line per partition: `t-0 hw=9 batches=(4:2,6:1) [error=E]`, a batch being
//     base:records[:bytes], or [abort=producer@offset] [replica=n] [leader=id@epoch] [garbage]
//   questions     listed t-0 [error=E] offset=n [epoch=n]     validated t-0 [error=E] epoch=n end=n
//   advance ms=n     show

import { seededRandom } from '@klamm/base'
import { type ErrorName, errorCodes } from '@klamm/protocol/errors'
import type { FetchedPartition, FetchPlan, QuestionEntry } from '../effects.ts'
import type { FetchPartition } from '../fetch-partition.ts'
import { Fetching } from '../fetching.ts'
import { testBatch } from './test-batch.ts'

interface Command {
  readonly name: string
  readonly input: readonly string[]
  has(key: string): boolean
  string(key: string, otherwise?: string): string
  number(key: string, otherwise?: number): number
  numbers(key: string, otherwise?: readonly number[]): readonly number[]
  boolean(key: string, otherwise?: boolean): boolean
  list(key: string, otherwise?: readonly string[]): readonly string[]
  unknown(): never
}

/** Makes a command of a line below another one. */
type Parse = (line: string) => Command

export class FetchingScript {
  readonly #parse: Parse
  #fetching: Fetching | undefined
  #nowMs = 0
  #lines: string[] = []
  readonly #plans = new Map<number, FetchPlan>()
  readonly #entries = new Map<string, QuestionEntry>()

  constructor(parse: Parse) {
    this.#parse = parse
  }

  run(command: Command): string {
    this.#lines = []
    this.#perform(command)
    this.#tellEffects()
    return this.#lines.length === 0 ? 'ok' : this.#lines.join('\n')
  }

  get #machine(): Fetching {
    if (this.#fetching === undefined) throw new Error('there is no consumer yet')
    return this.#fetching
  }

  #perform(command: Command): void {
    switch (command.name) {
      case 'consumer':
        this.#open(command)
        break
      case 'topic':
        this.#topic(command)
        break
      case 'add':
        this.#add(command)
        break
      case 'fetch':
        this.#fetch()
        break
      case 'answer':
        this.#answer(command)
        break
      case 'lost':
        this.#machine.lost(this.#plan(command.number('plan')), this.#nowMs)
        break
      case 'questions':
        this.#questions()
        break
      case 'listed':
      case 'validated':
        this.#answerQuestion(command)
        break
      case 'advance':
        this.#nowMs += command.number('ms')
        break
      default:
        this.#touch(command)
    }
  }

  #touch(command: Command): void {
    if (command.name === 'show') {
      for (const each of this.#machine.partitions) this.#lines.push(stateOf(each))
      return
    }
    const partition = this.#partition(command)
    switch (command.name) {
      case 'remove':
        this.#machine.remove(partition)
        break
      case 'seek':
        partition.seek(command.number('offset'))
        break
      case 'reset':
        partition.reset(command.number('to'))
        break
      case 'pause':
        this.#machine.pause(partition)
        break
      case 'resume':
        this.#machine.resume(partition)
        break
      case 'take': {
        const batch = partition.take()
        if (batch === undefined) this.#lines.push('nothing')
        else if (batch.bytes === undefined) this.#lines.push(`nothing up to ${batch.nextOffset}`)
        else this.#lines.push(`batch ${batch.header?.baseOffset}..${batch.nextOffset - 1}`)
        break
      }
      case 'finish':
        partition.done(partition.takenOffset, partition.fetchEpoch)
        partition.release()
        break
      default:
        command.unknown()
    }
  }

  #open(command: Command): void {
    this.#fetching = new Fetching(
      {
        maxBufferedBytes: command.number('buffer', 1_000_000),
        maxBytesPerPartition: command.number('partition-bytes', 100_000),
        resetPolicy: command.string('policy', 'latest') as 'latest',
        isReadCommitted: command.boolean('committed'),
        readReplicaMs: 300_000,
        retry: { initialMs: 100, maxMs: 1_000 },
      },
      seededRandom(1),
    )
    this.#plans.clear()
  }

  #topic(command: Command): void {
    const [name = 't'] = ['t', 'u'].filter(topic => command.has(topic))
    const leaders = command.numbers('leaders')
    const epochs = command.numbers('epochs', [])
    const topicId = command.boolean('ids', true) ? `${name}AAAAAAAAAAAAAAAAAAAAA` : undefined
    this.#machine.topicKnown(name, {
      topicId: topicId ?? 'AAAAAAAAAAAAAAAAAAAAAA',
      partitions: leaders.map((leaderId, index) => ({ leaderId, leaderEpoch: epochs[index] ?? 0 })),
    })
  }

  #add(command: Command): void {
    const key = keyOf(command)
    const partition = this.#machine.add(key.slice(0, 1), Number(key.slice(2)))
    if (!command.has('committed')) return
    const { positions } = this.#machine
    positions.takeUnpositioned(this.#nowMs)
    const offset = command.number('committed')
    positions.committed(partition, partition.version, offset, command.number('epoch', -1))
  }

  #fetch(): void {
    for (const plan of this.#machine.plans(this.#nowMs)) {
      this.#plans.set(plan.id, plan)
      const { sessionId, sessionEpoch, asks, forgotten } = plan.request
      const how = plan.isExpress ? 'express' : `session=${sessionId}/${sessionEpoch}`
      const what = asks.map(ask => `${ask.key}@${ask.fetchOffset} ${ask.maxBytes}`)
      const less = forgotten.length === 0 ? '' : ` forget ${forgotten.map(({ key }) => key)}`
      const ids = plan.request.usesTopicIds ? '' : ' by name'
      this.#lines.push(
        `plan ${plan.id} broker=${plan.brokerId} ${how} max=${plan.maxBytes}${ids}` +
          ` [${what.join(', ')}]${less}`,
      )
    }
  }

  #answer(command: Command): void {
    const plan = this.#plan(command.number('plan'))
    for (const line of command.input) {
      const part = this.#parse(line)
      this.#machine.partitionAnswered(plan, part.name, answerOf(part), this.#nowMs)
    }
    const error = command.string('error', 'NONE') as ErrorName
    this.#machine.answered(plan, error, command.number('session', 0), this.#nowMs)
  }

  #questions(): void {
    for (const { kind, brokerId, entries } of this.#machine.positions.takeQuestions(this.#nowMs)) {
      for (const entry of entries) {
        const { key } = entry.partition
        this.#entries.set(key, entry)
        const what =
          kind === 'listOffsets' ? `time ${entry.timestamp}` : `epoch ${entry.leaderEpoch}`
        this.#lines.push(
          `${kind} broker=${brokerId} ${key} ${what} leader-epoch=${entry.currentLeaderEpoch}`,
        )
      }
    }
  }

  #answerQuestion(command: Command): void {
    const entry = this.#entries.get(keyOf(command))
    if (entry === undefined) throw new Error('nothing was asked')
    const { positions } = this.#machine
    const error = command.string('error', 'NONE') as ErrorName
    const epoch = command.number('epoch', -1)
    if (command.name === 'listed') {
      positions.listed(entry, error, command.number('offset', -1), epoch, this.#nowMs)
    } else {
      positions.validated(entry, error, epoch, command.number('end', -1), this.#nowMs)
    }
  }

  #tellEffects(): void {
    for (const effect of this.#fetching?.takeEffects() ?? []) {
      switch (effect.kind) {
        case 'refresh':
          this.#lines.push(`refresh ${effect.topic}`)
          break
        case 'leaderHint':
          this.#lines.push(`hint ${effect.topic}-${effect.partition} leader=${effect.leaderId}`)
          break
        case 'note':
          this.#lines.push(`note: ${effect.message}`)
          break
        default:
          this.#lines.push(`failed ${effect.error}: ${effect.message}`)
      }
    }
  }

  #plan(id: number): FetchPlan {
    const plan = this.#plans.get(id)
    if (plan === undefined) throw new Error(`there is no plan ${id}`)
    return plan
  }

  #partition(command: Command): FetchPartition {
    const key = keyOf(command)
    const partition = this.#machine.partition(key.slice(0, 1), Number(key.slice(2)))
    if (partition === undefined) throw new Error(`there is no ${key}`)
    return partition
  }
}

/** Partitions in scripts are `t-0` to `t-3` and `u-0`. */
function keyOf(command: Command): string {
  const key = ['t-0', 't-1', 't-2', 't-3', 'u-0'].find(each => command.has(each))
  if (key === undefined) throw new Error('which partition?')
  return key
}

function answerOf(part: Command): FetchedPartition {
  const batches = part.list('batches', []).map(text => {
    const [baseOffset = 0, records = 1, bytes = 1_000, producerId = -1] = text
      .split(':')
      .map(Number)
    return testBatch({ baseOffset, records, bytes, producerId, leaderEpoch: part.number('in', 0) })
  })
  if (part.boolean('garbage')) batches.push(new Uint8Array(100))
  if (part.has('cut')) {
    batches.push(testBatch({ baseOffset: 0, bytes: part.number('cut') }).subarray(0, 200))
  }
  const [producerId, firstOffset] = part.string('abort', '-1@0').split('@').map(Number)
  const [leaderId = -1, leaderEpoch = -1] = part.string('leader', '-1@-1').split('@').map(Number)
  const highWatermark = part.number('hw', -1)
  const total = batches.reduce((sum, { length }) => sum + length, 0)
  const bytes = new Uint8Array(total)
  let at = 0
  for (const batch of batches) {
    bytes.set(batch, at)
    at += batch.length
  }
  return {
    errorCode: errorCodes[part.string('error', 'NONE') as ErrorName],
    highWatermark,
    lastStableOffset: highWatermark,
    logStartOffset: 0,
    currentLeader: { leaderId, leaderEpoch },
    abortedTransactions:
      producerId === undefined || producerId < 0
        ? null
        : [{ producerId, firstOffset: firstOffset ?? 0 }],
    preferredReadReplica: part.number('replica', -1),
    records: [bytes],
  }
}

function stateOf(partition: FetchPartition): string {
  const { key, phase, position, fetchOffset, fetchEpoch, bufferedBytes, isPaused } = partition
  const paused = isPaused ? ' paused' : ''
  const at = `position=${position} fetch=${fetchOffset} epoch=${fetchEpoch}`
  return `${key} ${phase} ${at} buffered=${bufferedBytes}${paused}`
}
