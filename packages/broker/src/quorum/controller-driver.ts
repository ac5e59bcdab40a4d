// Drives the active controller while this broker leads the quorum: runs decisions, proposes their
// records, lets the replies go when all that was decided is committed, and keeps its clock.

import type { Random } from '@klamm/base'
import type { Clock, Logger, Timer } from '@klamm/base/env'
import { KafkaError } from '@klamm/protocol'
import type { Entry, RoleChange } from '@klamm/raft'
import {
  bootstrapRecords,
  Controller,
  type ControllerOptions,
  type MetadataImage,
  type Outcome,
  type Predecessor,
} from '../metadata/index.ts'
import type { ControllerService, DecisionContext } from '../services.ts'
import { encodeRecords } from './metadata-codec.ts'
import type { RaftDriver } from './raft-driver.ts'

export interface ControllerDriverOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly controller: ControllerOptions
  /** Feature levels a new cluster starts with. */
  readonly features: ReadonlyMap<string, number>
  /** Kafka's leader.imbalance.check.interval.seconds, in ms. */
  readonly balanceIntervalMs: number
  /** The committed image. */
  readonly image: () => MetadataImage
  readonly raft: () => RaftDriver
  readonly onBug: (error: unknown) => void
}

/** Leaders moved by one round of balancing at most: each move stops a partition for a moment. */
const maxBalancedPerRound = 1_000

interface Waiting {
  /** The entry with which everything the reply depends on is committed. */
  readonly index: number
  readonly release: () => void
  readonly fail: (error: KafkaError) => void
}

/** One term as active controller. */
interface Active {
  readonly controller: Controller
  readonly term: number
  /** Of the last entry proposed in this term. */
  lastIndex: number
}

export class ControllerDriver implements ControllerService {
  readonly #options: ControllerDriverOptions
  #leadsTerm: number | undefined
  #predecessor: Predecessor | undefined
  #active: Active | undefined
  #waiting: Waiting[] = []
  #timer: Timer | undefined
  #nextBalanceMs = Number.POSITIVE_INFINITY

  constructor(options: ControllerDriverOptions) {
    this.#options = options
  }

  get isActive(): boolean {
    return this.#active !== undefined
  }

  run<Reply>(
    decide: (controller: Controller, context: DecisionContext) => Outcome<Reply>,
  ): Promise<Reply> {
    const active = this.#active
    if (active === undefined) return Promise.reject(notController())
    let outcome: Outcome<Reply>
    try {
      outcome = decide(active.controller, this.#context())
    } catch (error) {
      return Promise.reject(error)
    }
    const refusal = this.#append(active, outcome)
    if (refusal !== undefined) return Promise.reject(refusal)
    this.#setTimer()
    return new Promise((resolve, reject) => {
      this.#whenCommitted(active.lastIndex, () => resolve(outcome.reply), reject)
    })
  }

  /**
   * The raft node has become something else, or follows somebody else. `predecessor` is who led
   * before, when it leads now.
   */
  roleChanged({ role, term }: RoleChange, predecessor?: Predecessor): void {
    if (role === 'leader') {
      if (this.#leadsTerm !== term) this.#resign()
      this.#leadsTerm = term
      this.#predecessor = predecessor
      return
    }
    this.#leadsTerm = undefined
    this.#resign()
  }

  /** An entry was applied to the committed image. */
  applied(entry: Entry): void {
    // The first entry of our own term: everything before it is committed and applied too, so the
    // image is complete.
    if (entry.term === this.#leadsTerm && this.#active === undefined) this.#activate(entry)
    // At the index of a proposal another leader may have put something else.
    if (entry.term !== this.#active?.term) return
    let released = 0
    for (const { index, release } of this.#waiting) {
      if (index > entry.index) break
      release()
      released += 1
    }
    if (released > 0) this.#waiting = this.#waiting.slice(released)
  }

  stop(): void {
    this.#leadsTerm = undefined
    this.#resign()
  }

  #activate({ term, index }: Entry): void {
    const { clock, controller, image, features, log, balanceIntervalMs } = this.#options
    const nowMs = clock.monotonicMs()
    const active: Active = {
      controller: new Controller(image(), controller, nowMs, this.#predecessor),
      term,
      lastIndex: index,
    }
    this.#active = active
    this.#nextBalanceMs = nowMs + balanceIntervalMs
    log.info('active controller', { term })
    if (image().features.size === 0 && features.size > 0) {
      this.#append(active, { records: bootstrapRecords(features), reply: undefined })
    }
    this.#setTimer()
  }

  #resign(): void {
    if (this.#active === undefined) return
    this.#options.log.info('no longer the active controller', { term: this.#active.term })
    this.#active = undefined
    this.#timer?.cancel()
    this.#timer = undefined
    const waiting = this.#waiting
    this.#waiting = []
    // Their records may or may not be committed by the next leader.
    for (const { fail } of waiting) fail(outcomeUnknown())
  }

  #context(): DecisionContext {
    return {
      nowMs: this.#options.clock.monotonicMs(),
      random: this.#options.random,
      nextOffset: this.#options.raft().node.status().lastIndex + 1,
    }
  }

  /** Proposes the records and replays them at once. Answers why not, when it cannot. */
  #append(active: Active, { records }: Outcome<unknown>): KafkaError | undefined {
    if (records.length === 0) return undefined
    const result = this.#options.raft().propose(encodeRecords(records))
    if (!result.ok) {
      if (result.reason === 'tooLarge') {
        return new KafkaError('POLICY_VIOLATION', 'the change is too large for one step')
      }
      return result.reason === 'busy'
        ? new KafkaError('THROTTLING_QUOTA_EXCEEDED', 'too many metadata changes at once')
        : notController()
    }
    const { index, term } = result.position
    active.lastIndex = index
    // A quorum of one may have committed it, or the leadership may have ended, inside `propose`.
    if (this.#active === active) {
      active.controller.replay(records, { offset: index, epoch: term })
    }
    return undefined
  }

  #whenCommitted(index: number, release: () => void, fail: (error: KafkaError) => void): void {
    const { offset } = this.#options.image().position
    if (offset >= index) release()
    else if (this.#active === undefined) fail(outcomeUnknown())
    else this.#waiting.push({ index, release, fail })
  }

  #setTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#active === undefined) return
    const { clock } = this.#options
    const deadlineMs = Math.min(
      this.#active.controller.nextDeadlineMs() ?? Number.POSITIVE_INFINITY,
      this.#nextBalanceMs,
    )
    if (deadlineMs === Number.POSITIVE_INFINITY) return
    const delayMs = Math.max(1, deadlineMs - clock.monotonicMs())
    this.#timer = clock.setTimer(delayMs, () => this.#onTimer())
  }

  #onTimer(): void {
    const { clock, balanceIntervalMs, log } = this.#options
    const nowMs = clock.monotonicMs()
    void this.#runOwn(controller => controller.expireSessions(nowMs)).then(fenced => {
      if (fenced !== undefined && fenced.length > 0) log.warn('brokers fenced', { fenced })
    })
    void this.#runOwn(controller => controller.recoverLeaderless(maxBalancedPerRound))
    if (nowMs >= this.#nextBalanceMs) {
      this.#nextBalanceMs = nowMs + balanceIntervalMs
      void this.#runOwn(controller => controller.balanceLeaders(maxBalancedPerRound))
    }
    this.#setTimer()
  }

  /** A decision nobody asked for: what becomes of it shows in the metadata. */
  async #runOwn<Reply>(
    decide: (controller: Controller) => Outcome<Reply>,
  ): Promise<Reply | undefined> {
    try {
      return await this.run(decide)
    } catch (error) {
      if (!(error instanceof KafkaError)) this.#options.onBug(error)
      return undefined
    }
  }
}

function notController(): KafkaError {
  return new KafkaError('NOT_CONTROLLER', 'this broker is not the active controller')
}

/** Another controller may find the records in its log and commit them, or cut them off. */
function outcomeUnknown(): KafkaError {
  return new KafkaError('REQUEST_TIMED_OUT', 'this broker is not the active controller any more')
}
