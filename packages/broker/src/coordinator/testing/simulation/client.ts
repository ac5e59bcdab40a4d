// A simulated consumer: joins, asks for its assignment, sends heartbeats, commits, and does all
// that real ones do wrong: it is paused, killed, restarted, and goes on after it was given up.

import type { Random } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import type { JoinReply, OffsetCommitReply, SyncReply } from '../../groups/types.ts'
import { assignCooperatively, assignEagerly, claim, partitionsOf } from './assignment.ts'

interface ClientOptions {
  readonly name: string
  readonly groupId: string
  readonly groupInstanceId: string | undefined
  /** Keeps what it owns through a rebalance. */
  readonly isCooperative: boolean
  readonly partitionCount: number
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly random: Random
}

/** What a client can do with the world. Answers arrive later, or never. */
export interface World {
  readonly nowMs: number
  after(delayMs: number, run: () => void): void
  join(client: Client, owned: Uint8Array, done: (reply: Answered<JoinReply>) => void): void
  sync(
    client: Client,
    assignments: ReadonlyMap<string, Uint8Array>,
    done: (reply: Answered<SyncReply>) => void,
  ): void
  heartbeat(client: Client, done: (reply: Answered<ErrorName>) => void): void
  commit(client: Client, done: (reply: Answered<OffsetCommitReply>) => void): void
  leave(client: Client): void
  /** The client has taken what it owns now. */
  taken(client: Client): void
}

export type Answered<Reply> =
  | { readonly error: ErrorName; readonly reply: undefined }
  | { readonly error: undefined; readonly reply: Reply }

export class Client {
  readonly options: ClientOptions
  memberId = ''
  generationId = -1
  owned = new Set<number>()
  /** False: the process is gone, or stopped for good. */
  isRunning = false
  /** Paused: nothing happens, answers wait. */
  isPaused = false
  readonly #world: World
  #waiting: (() => void)[] = []
  /** Counts attempts: what an earlier one gets to hear does not matter any more. */
  #attempt = 0
  /** Has its assignment. */
  #isStable = false
  /** Counts starts. */
  #life = 0

  constructor(options: ClientOptions, world: World) {
    this.options = options
    this.#world = world
  }

  get name(): string {
    return `${this.options.name}/${this.memberId}`
  }

  start(): void {
    this.isRunning = true
    this.isPaused = false
    this.#waiting = []
    this.#life += 1
    this.#join()
    this.#every(1_000, () => this.#heartbeat())
    this.#every(1_500, () => this.#commit())
  }

  /** The process dies: it forgets everything and says nothing. */
  kill(): void {
    this.isRunning = false
    this.#attempt += 1
    this.memberId = ''
    this.#lose()
  }

  /** Gives up what it owns, says good-bye and ends. */
  stop(): void {
    if (!this.isRunning) return
    this.owned.clear()
    this.#world.leave(this)
    this.kill()
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const run of waiting) run()
  }

  /** Runs once the client is not paused, unless it has moved on since `attempt`. */
  #then(attempt: number, run: () => void): void {
    const check = () => {
      if (!this.isRunning || attempt !== this.#attempt) return
      if (this.isPaused) this.#waiting.push(check)
      else run()
    }
    check()
  }

  #every(periodMs: number, run: () => void): void {
    const life = this.#life
    const loop = () => {
      if (!this.isRunning || life !== this.#life) return
      if (this.isPaused) this.#waiting.push(loop)
      else {
        run()
        this.#world.after(periodMs + this.options.random.below(200), loop)
      }
    }
    this.#world.after(this.options.random.below(periodMs), loop)
  }

  #join(): void {
    this.#attempt += 1
    const attempt = this.#attempt
    this.#isStable = false
    // An eager consumer gives everything up before it joins; a cooperative one says what it keeps.
    if (!this.options.isCooperative) this.owned.clear()
    const metadata = claim(Math.max(this.generationId, 0), this.owned)
    this.#world.join(this, metadata, answer => {
      this.#then(attempt, () => this.#joined(answer))
    })
    this.#retryAfter(attempt, this.options.rebalanceTimeoutMs + 5_000)
  }

  #joined({ reply, error }: Answered<JoinReply>): void {
    switch (error ?? reply?.error) {
      case 'NONE': {
        this.memberId = reply?.memberId ?? ''
        this.generationId = reply?.generationId ?? -1
        this.#sync(reply)
        break
      }
      case 'MEMBER_ID_REQUIRED':
        this.memberId = reply?.memberId ?? ''
        this.#join()
        break
      case 'UNKNOWN_MEMBER_ID':
        this.memberId = ''
        this.#lose()
        this.#join()
        break
      case 'FENCED_INSTANCE_ID':
        this.kill()
        break
      default:
        this.#joinSoon()
    }
  }

  #sync(joined: JoinReply | undefined): void {
    const { isCooperative, partitionCount } = this.options
    const assign = isCooperative ? assignCooperatively : assignEagerly
    const isAssigning = joined !== undefined && joined.members.length > 0 && !joined.skipAssignment
    const assignments = isAssigning ? assign(joined.members, partitionCount) : new Map()
    const attempt = this.#attempt
    this.#world.sync(this, assignments, answer => {
      this.#then(attempt, () => this.#synced(answer))
    })
    this.#retryAfter(attempt, 30_000)
  }

  #synced({ reply, error }: Answered<SyncReply>): void {
    switch (error ?? reply?.error) {
      case 'NONE': {
        this.#attempt += 1
        this.#isStable = true
        const assigned = new Set(partitionsOf(reply?.assignment ?? new Uint8Array(0)))
        const mustTellThatRevoked = !this.owned.isSubsetOf(assigned)
        this.owned = assigned
        this.#world.taken(this)
        if (mustTellThatRevoked) this.#joinSoon()
        break
      }
      case 'UNKNOWN_MEMBER_ID':
        this.memberId = ''
        this.#lose()
        this.#join()
        break
      case 'ILLEGAL_GENERATION':
        this.#lose()
        this.#join()
        break
      case 'FENCED_INSTANCE_ID':
        this.kill()
        break
      default:
        this.#joinSoon()
    }
  }

  #heartbeat(): void {
    if (!this.#isStable) return
    const attempt = this.#attempt
    this.#world.heartbeat(this, answer => {
      this.#then(attempt, () => this.#beat(answer.error ?? answer.reply))
    })
  }

  #beat(error: ErrorName): void {
    switch (error) {
      case 'REBALANCE_IN_PROGRESS':
        this.#join()
        break
      case 'UNKNOWN_MEMBER_ID':
        this.memberId = ''
        this.#lose()
        this.#join()
        break
      case 'ILLEGAL_GENERATION':
        this.#lose()
        this.#join()
        break
      case 'FENCED_INSTANCE_ID':
        this.kill()
        break
      default:
    }
  }

  #commit(): void {
    if (this.owned.size === 0) return
    this.#world.commit(this, () => {})
  }

  #lose(): void {
    this.generationId = -1
    this.owned.clear()
  }

  #joinSoon(): void {
    this.#attempt += 1
    const attempt = this.#attempt
    this.#world.after(100, () => this.#then(attempt, () => this.#join()))
  }

  /** When nothing has been heard by then, begins again. */
  #retryAfter(attempt: number, delayMs: number): void {
    this.#world.after(delayMs, () => {
      this.#then(attempt, () => this.#join())
    })
  }
}
