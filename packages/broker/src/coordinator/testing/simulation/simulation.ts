// A group coordinator and its consumers by seed: requests and answers are late or lost, clients are
// killed, paused and restarted, appends are refused, commits stall, coordinators fail over. Every
// rule of consumer groups is checked after every event.

import { type Random, seededRandom } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import type { Groups } from '../../groups/groups.ts'
import type { GroupConfig, OffsetFetchReply } from '../../groups/types.ts'
import { Timers } from '../../shard/timers.ts'
import { type Asked, type GroupMachine, type TestLog, TestShard } from '../test-shard.ts'
import { AssignmentChecker, OffsetChecker, OwnershipChecker, ZombieChecker } from './checkers.ts'
import { type Answered, Client, type World } from './client.ts'
import { demandSameAfterLoading, demandStable } from './demands.ts'

export interface SimulationOptions {
  readonly seed: number
  /** A mistake in the groups. */
  readonly wrap?: (groups: Groups) => GroupMachine
  /** A mistake in the driver: answers leave when the records are appended. */
  readonly answersEarly?: boolean
  /** A mistake in the driver: serves before the end of the log has been read. */
  readonly loadsPartly?: boolean
}

const partitionCount = 6
const sessionTimeoutMs = 6_000
const rebalanceTimeoutMs = 12_000
const retentionMs = 60_000
const config: Partial<GroupConfig> = {
  initialRebalanceDelayMs: 500,
  offsetsRetentionMs: retentionMs,
  offsetsRetentionCheckIntervalMs: 5_000,
}
/** A group that keeps what it owns through a rebalance, and one of eager and static members. */
const groupIds = ['cooperative', 'eager'] as const

export class Simulation implements World {
  readonly clients: Client[] = []
  readonly #options: SimulationOptions
  readonly #random: Random
  readonly #events = new Timers<() => void>()
  readonly #assignments = new AssignmentChecker()
  readonly #ownership = new OwnershipChecker()
  readonly #zombies = new ZombieChecker()
  readonly #offsets = new OffsetChecker(retentionMs)
  readonly #waiting = new Map<Asked<unknown>, (answer: Answered<never>) => void>()
  #shard: TestShard
  /** No coordinator until then. */
  #downUntilMs = 0
  /** Nothing gets committed until then. */
  #stalledUntilMs = 0
  #durableOffset = 0
  #eventCount = 0
  #commitCount = 0
  #nowMs = 0
  #isFaulty = true

  constructor(options: SimulationOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#shard = this.#openShard({ batches: [], endOffset: 0 })
    for (let i = 0; i < 4; i++) this.#addClient('cooperative', `c${i}`, undefined)
    for (let i = 0; i < 2; i++) this.#addClient('eager', `e${i}`, undefined)
    // Two processes per instance id: what is started while the other lives, fences it.
    for (let i = 0; i < 4; i++) this.#addClient('eager', `s${i}`, `instance-${i >> 1}`)
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get eventCount(): number {
    return this.#eventCount
  }

  /** What has happened, in short: the same for the same seed. */
  get trace(): string {
    return this.#shard.log.batches
      .map(({ records, endOffset }) => `${endOffset}${records.map(({ kind }) => kind)}`)
      .join(' ')
  }

  get commitCount(): number {
    return this.#commitCount
  }

  /** Throws Violation when a rule is broken. */
  run(faultyMs = 240_000): void {
    for (const client of this.clients) if (this.#random.chance(0.6)) client.start()
    this.#every(400, () => this.#doHarm())
    this.#every(300, () => this.#fetchAll(this.#random.chance(0.3)))
    this.#runUntil(faultyMs)
    this.#heal()
    this.#runUntil(this.#nowMs + 2 * rebalanceTimeoutMs)
    this.#demandStable(`${2 * rebalanceTimeoutMs} ms after healing`)
    this.#demandQuickReassignment()
    this.#shard.commit()
    for (const groupId of groupIds) demandSameAfterLoading(this.#shard, groupId, partitionCount)
  }

  after(delayMs: number, run: () => void): void {
    this.#events.set(`${this.#events.size} ${this.#eventKey++}`, this.#nowMs + delayMs, run)
  }
  #eventKey = 0

  join(client: Client, metadata: Uint8Array, done: Parameters<World['join']>[2]): void {
    const { name, groupId, groupInstanceId } = client.options
    const request = {
      groupId,
      groupInstanceId,
      memberId: client.memberId,
      protocols: [{ name: 'p', metadata }],
      clientId: name,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      requiresKnownMemberId: true,
    }
    const newMemberId = `${name}-${this.#eventKey}`
    this.#send(() => this.#shard.join(request, newMemberId), done)
  }

  sync(
    client: Client,
    assignments: ReadonlyMap<string, Uint8Array>,
    done: Parameters<World['sync']>[2],
  ): void {
    const { groupId, groupInstanceId } = client.options
    const { memberId, generationId } = client
    const list = [...assignments].map(([id, assignment]) => ({ memberId: id, assignment }))
    const request = { groupId, groupInstanceId, memberId, generationId, assignments: list }
    const owner = groupInstanceId ?? memberId
    const send = () => this.#shard.sync(request)
    this.#send(send, done, ({ reply }) => {
      if (reply?.error !== 'NONE') return
      this.#assignments.assigned(groupId, generationId, owner, reply.assignment)
    })
  }

  heartbeat(client: Client, done: Parameters<World['heartbeat']>[1]): void {
    const { groupId, groupInstanceId } = client.options
    const { memberId, generationId } = client
    const request = { groupId, groupInstanceId, memberId, generationId }
    const send = () => {
      return this.#shard.ask<ErrorName>(ticket => ({ kind: 'heartbeat', request, ticket }))
    }
    this.#send(send, done)
  }

  commit(client: Client, done: Parameters<World['commit']>[1]): void {
    const { groupId, groupInstanceId } = client.options
    const { memberId, generationId } = client
    this.#commit({ groupId, groupInstanceId, memberId, generationId }, [...client.owned], done)
  }

  leave(client: Client): void {
    const { groupId, groupInstanceId } = client.options
    const members = [{ memberId: client.memberId, groupInstanceId }]
    this.#send(
      () => this.#shard.leave(members, groupId),
      () => {},
    )
  }

  taken(client: Client): void {
    this.#ownership.taken(client, this.clients, this.#groupOf(client.options.groupId))
  }

  #commit(
    who: {
      groupId: string
      groupInstanceId: string | undefined
      memberId: string
      generationId: number
    },
    partitions: readonly number[],
    done: Parameters<World['commit']>[1],
  ): void {
    const { groupId } = who
    let offset = 0
    const send = () => {
      this.#commitCount += 1
      offset = this.#commitCount
      const list = partitions.map(partition => ({
        partition,
        offset,
        leaderEpoch: -1,
        metadata: '',
      }))
      const topics = [{ topic: 't', topicId: undefined, partitions: list }]
      for (const partition of partitions) this.#offsets.attempted(groupId, partition, offset)
      const before = this.#shard.log.endOffset
      const request = { ...who, retentionMs: undefined, knowsGroupIdNotFound: true, topics }
      const asked = this.#shard.commitOffset(offset, request)
      const isAccepted = this.#shard.log.endOffset > before
      if (isAccepted) this.#zombies.accepted(request, this.#groupOf(groupId))
      return asked
    }
    this.#send(send, done, ({ reply, error }) => {
      // The outcome of a commit that was given up on, or whose coordinator is gone, is not known.
      if (error === 'REQUEST_TIMED_OUT' || error === 'NOT_COORDINATOR') return
      for (const partition of partitions) {
        if (reply === undefined) this.#offsets.rejected(groupId, partition, offset)
        else this.#offsets.acknowledged(groupId, partition, offset)
      }
    })
  }

  #addClient(groupId: string, name: string, groupInstanceId: string | undefined): void {
    const options = {
      name,
      groupId,
      groupInstanceId,
      isCooperative: groupId === 'cooperative',
      partitionCount,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      random: this.#random.fork(name),
    }
    this.clients.push(new Client(options, this))
  }

  #openShard(log: TestLog): TestShard {
    const { wrap, answersEarly } = this.#options
    const shard = new TestShard({
      config,
      log,
      nowMs: this.#nowMs,
      ...(wrap === undefined ? {} : { wrap }),
      onAnswer: asked => this.#answered(asked),
    })
    shard.commitsAtOnce = answersEarly === true
    return shard
  }

  /** A request: late, perhaps lost; its answer likewise. `seen` hears the answer as it leaves. */
  #send<Reply>(
    ask: () => Asked<Reply>,
    done: (answer: Answered<Reply>) => void,
    seen: (answer: Answered<Reply>) => void = () => {},
  ): void {
    if (this.#isLost()) return
    const reply = (answer: Answered<Reply>) => {
      if (!this.#isLost()) this.after(this.#latencyMs(), () => done(answer))
    }
    this.after(this.#latencyMs(), () => {
      if (this.#nowMs < this.#downUntilMs) {
        reply({ error: 'NOT_COORDINATOR', reply: undefined })
        return
      }
      const asked = ask()
      const settle = (answer: Answered<Reply>) => {
        seen(answer)
        reply(answer)
      }
      if (asked.isAnswered) settle(answerOf(asked))
      else this.#waiting.set(asked as Asked<unknown>, settle as (answer: Answered<never>) => void)
    })
  }

  #answered(asked: Asked<unknown>): void {
    const settle = this.#waiting.get(asked)
    if (settle === undefined) return
    this.#waiting.delete(asked)
    settle(answerOf(asked) as Answered<never>)
  }

  #isLost(): boolean {
    return this.#isFaulty && this.#random.chance(0.01)
  }

  #latencyMs(): number {
    return this.#isFaulty && this.#random.chance(0.05)
      ? this.#random.below(3_000)
      : this.#random.below(20)
  }

  #runUntil(untilMs: number): void {
    for (;;) {
      const next = Math.min(
        this.#events.nextDeadlineMs() ?? untilMs,
        this.#isUp ? (this.#shard.nextDeadlineMs() ?? untilMs) : untilMs,
        untilMs,
      )
      this.#nowMs = Math.max(this.#nowMs, next)
      if (this.#isUp) this.#shard.advance(this.#nowMs - this.#shard.nowMs)
      this.#events.takeDue(this.#nowMs)?.operation()
      this.#eventCount += 1
      this.#check()
      const isDue = (this.#events.nextDeadlineMs() ?? Number.POSITIVE_INFINITY) <= this.#nowMs
      if (this.#nowMs >= untilMs && !isDue) return
    }
  }

  get #isUp(): boolean {
    return this.#nowMs >= this.#downUntilMs
  }

  #every(periodMs: number, run: () => void): void {
    const loop = () => {
      run()
      this.after(periodMs, loop)
    }
    this.after(periodMs, loop)
  }

  #check(): void {
    this.#scheduleCommit()
    for (const groupId of groupIds) {
      const group = this.#groupOf(groupId)
      if (group === undefined || group.state === 'empty') continue
      this.#offsets.inUse(groupId, this.#nowMs)
      if (group.state !== 'stable') continue
      this.#assignments.stable(group, partitionCount, groupId === 'eager')
    }
  }

  #groupOf(groupId: string) {
    return this.#shard.groups.groups.get(groupId)
  }

  /** What has been appended becomes durable a little later. */
  #scheduleCommit(): void {
    const { endOffset } = this.#shard.log
    if (endOffset === this.#scheduledOffset) return
    for (const batch of this.#shard.log.batches.toReversed()) {
      if (batch.endOffset <= this.#scheduledOffset) break
      for (const { kind, groupId } of batch.records) {
        if (kind === 'groupTombstone') this.#assignments.forgotten(groupId)
      }
    }
    this.#scheduledOffset = endOffset
    const shard = this.#shard
    const commit = () => {
      if (shard !== this.#shard) return
      if (this.#nowMs < this.#stalledUntilMs) {
        this.after(this.#stalledUntilMs - this.#nowMs, commit)
        return
      }
      this.#durableOffset = Math.max(this.#durableOffset, endOffset)
      if (this.#isUp) shard.commit(this.#durableOffset)
    }
    this.after(this.#random.below(this.#isFaulty ? 300 : 20), commit)
  }
  #scheduledOffset = 0

  #fetchAll(requireStable: boolean): void {
    if (!this.#isUp) return
    for (const groupId of groupIds) {
      for (let partition = 0; partition < partitionCount; partition++) {
        const topics = [{ topic: 't', topicId: undefined, partitions: [partition] }]
        const request = { groupId, topics, requireStable }
        const asked = this.#shard.ask<OffsetFetchReply>(ticket => {
          return { kind: 'fetchOffsets', request, ticket }
        })
        const seen = ({ reply }: Answered<OffsetFetchReply>) => {
          const offset = reply?.topics[0]?.partitions[0]?.offset
          if (offset === undefined) return
          this.#offsets.fetched(groupId, partition, offset, this.#nowMs)
        }
        if (asked.isAnswered) seen(answerOf(asked))
        else this.#waiting.set(asked as Asked<unknown>, seen as (answer: Answered<never>) => void)
      }
    }
  }

  #doHarm(): void {
    if (!this.#isFaulty) return
    const random = this.#random
    const client = random.pick(this.clients)
    const what = random.below(100)
    if (what < 8) client.kill()
    else if (what < 25 && !client.isRunning) client.start()
    else if (what < 30) client.stop()
    else if (what < 38) this.#pause(client)
    else if (what < 40) this.#failOver()
    else if (what < 43) this.#stalledUntilMs = this.#nowMs + random.below(10_000)
    else if (what < 46) this.#refuse()
    else if (what < 47) this.#abandon(random.pick(groupIds))
    else if (what < 60 && this.#isUp) this.#commitAsZombie()
  }

  #pause(client: Client): void {
    client.pause()
    this.after(this.#random.below(2 * rebalanceTimeoutMs), () => client.resume())
  }

  #refuse(): void {
    this.#shard.refusal = 'NOT_ENOUGH_REPLICAS'
    this.after(this.#random.below(4_000), () => {
      this.#shard.refusal = undefined
    })
  }

  /** Everybody leaves the group, long enough for its offsets to expire, sometimes. */
  #abandon(groupId: string): void {
    const members = this.clients.filter(({ options }) => options.groupId === groupId)
    for (const member of members) member.kill()
    this.after(this.#random.below(2 * retentionMs), () => {
      if (!this.#isFaulty) return
      for (const member of members) if (!member.isRunning) member.start()
    })
  }

  /** Somebody commits who is not, or no longer, or not yet allowed to. */
  #commitAsZombie(): void {
    const random = this.#random
    const { groupId, groupInstanceId } = random.pick(this.clients).options
    const group = this.#groupOf(groupId)
    const memberIds = ['', 'stranger', ...(group?.members.keys() ?? [])]
    const memberId = random.pick(memberIds)
    const generationId = (group?.generationId ?? 0) + random.below(4) - 2
    const instance = random.chance(0.5) ? undefined : groupInstanceId
    const who = { groupId, groupInstanceId: instance, memberId, generationId }
    this.#commit(who, [random.below(partitionCount)], () => {})
  }

  /** Another broker takes over with what is durable and perhaps some of what is not. */
  #failOver(): void {
    if (!this.#isUp) return
    const old = this.#shard
    const batches = old.log.batches.filter(({ endOffset }) => endOffset <= this.#durableOffset)
    for (const batch of old.log.batches.slice(batches.length)) {
      if (this.#random.chance(0.5)) break
      batches.push(batch)
    }
    const endOffset = batches.at(-1)?.endOffset ?? 0
    this.#durableOffset = endOffset
    this.#downUntilMs = this.#nowMs + this.#random.below(4_000)
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const settle of waiting) settle({ error: 'NOT_COORDINATOR', reply: undefined })
    const isPartial = this.#options.loadsPartly === true
    const log = { batches: isPartial ? batches.slice(0, -3) : batches, endOffset }
    this.after(this.#downUntilMs - this.#nowMs, () => {
      this.#shard = this.#openShard(log)
      this.#scheduledOffset = endOffset
    })
  }

  #heal(): void {
    this.#isFaulty = false
    this.#stalledUntilMs = 0
    this.#shard.refusal = undefined
    // Of two processes with one instance id one has lost; none comes back from now on.
    for (const client of this.clients) {
      client.resume()
      const { groupInstanceId } = client.options
      const twins = this.clients.filter(
        ({ options }) => options.groupInstanceId === groupInstanceId,
      )
      const isDouble = groupInstanceId !== undefined && twins.some(twin => twin.isRunning)
      if (!client.isRunning && !isDouble) client.start()
    }
  }

  /** GRP-6: what a dead member owned is somebody else's soon after its session. */
  #demandQuickReassignment(): void {
    for (const groupId of groupIds) {
      const victim = this.clients.find(client => {
        return client.isRunning && client.options.groupId === groupId && client.owned.size > 0
      })
      victim?.kill()
    }
    const withinMs = sessionTimeoutMs + 2_000
    this.#runUntil(this.#nowMs + withinMs)
    this.#demandStable(`${withinMs} ms after a member died`)
  }

  #demandStable(when: string): void {
    for (const groupId of groupIds) {
      const clients = this.clients.filter(({ options }) => options.groupId === groupId)
      demandStable(clients, this.#groupOf(groupId), partitionCount, when)
    }
  }
}

function answerOf<Reply>(asked: Asked<Reply>): Answered<Reply> {
  const { error } = asked
  return error === undefined ? { error, reply: asked.reply } : { error, reply: undefined }
}
