// The memory for requests that the client connections of a broker share, Kafka's
// queued.max.request.bytes. When it is used up, connections with large requests are not read, and
// stand in line; whoever keeps others waiting and sends nothing is closed.

import { assert } from '@klamm/base'
import type { Clock, Timer } from '@klamm/base/env'
import { freeRequestBytesPerConnection } from '../limits.ts'

/** Who holds the bytes: a connection. */
export interface RequestHolder {
  /** It may read again. */
  readOn(): void
  /** It must go, and give its bytes back before this returns. */
  evict(reason: string): void
}

/** What one connection holds. Its fields belong to RequestMemory. */
export interface RequestClaim {
  readonly holder: RequestHolder
  /** Received, and not yet a whole frame. */
  receivingBytes: number
  /** Frames that are worked on. */
  inProgressBytes: number
  /** When the last bytes of a large half frame came. */
  lastBytesMs: number
}

interface Turn {
  readonly claim: RequestClaim
  /** Received since the last check. */
  bytes: number
  checks: number
  /** The frame has come; the turn goes on to the next when an answer has left. */
  isWhole: boolean
}

export interface RequestMemoryOptions {
  readonly limitBytes: number
  readonly clock: Clock
}

/** How often it is looked at who keeps whom waiting, while somebody waits, in ms. */
const checkMs = 2_000

/** What who has the turn must send between two checks: 256 KiB/s. */
const minTurnBytes = 512 * 1024

/** Checks after which a turn has lasted long enough: 30 s for one request and its answer. */
const maxTurnChecks = 15

/** A large half frame of which nothing has come for so long is given up if others wait, in ms. */
const stalledMs = 10_000

/**
 * What counts is what was received, never what a length announces: thousands of connections that
 * announce 50 MiB and send a byte per second take a few bytes each, not the memory of all.
 *
 * Always true, with `limitBytes` L, the longest frame F and n connections: no more than L + F and
 * a little per connection are held. The little is one chunk of its stream, which has arrived when
 * the memory is found to be used up, and `freeRequestBytesPerConnection`: who holds no more
 * than that is read in any case, so ordinary requests never stand in line behind large ones.
 *
 * Nothing waits for ever. Requests in progress end, by their time-outs if by nothing else. Half
 * frames could block each other, when all of the memory is taken by them and none is whole. So one
 * connection at a time, the first in line with a half frame, has the *turn*: it is read although
 * the memory is used up, until its frame is whole and something of it was answered; that is the F
 * above. Who has the turn and sends less than 256 KiB/s, or takes more than 30 s, shows that the
 * memory is held by senders that do not deliver: it is closed, and so are the oldest large half
 * frames until they hold no more than half of the memory, all at once, since one after the other
 * would take minutes against hundreds of them. A large half frame that was being read and has got
 * nothing for 10 s is closed as soon as anybody waits.
 *
 * Fair: the line is first come, first served, and newcomers stand at its end.
 */
export class RequestMemory {
  readonly #limitBytes: number
  /** Reading begins again below this, so that the line is not woken for every answer. */
  readonly #lowBytes: number
  readonly #clock: Clock
  /** In order of arrival. All of them are paused. */
  readonly #line = new Set<RequestClaim>()
  /** Half frames beyond what is free, the oldest first. */
  readonly #large = new Set<RequestClaim>()
  #largeBytes = 0
  #takenBytes = 0
  #isShort = false
  #turn: Turn | undefined
  #timer: Timer | undefined

  constructor({ limitBytes, clock }: RequestMemoryOptions) {
    assert(limitBytes > 0, 'there is memory for requests')
    this.#limitBytes = limitBytes
    this.#lowBytes = limitBytes - Math.floor(limitBytes / 8)
    this.#clock = clock
  }

  get takenBytes(): number {
    return this.#takenBytes
  }

  /** Connections that are not read because the memory is used up. */
  get waiters(): number {
    return this.#line.size
  }

  claim(holder: RequestHolder): RequestClaim {
    return { holder, receivingBytes: 0, inProgressBytes: 0, lastBytesMs: 0 }
  }

  /** What the connection holds now. */
  holds(claim: RequestClaim, receivingBytes: number, inProgressBytes: number): void {
    const received = receivingBytes - claim.receivingBytes
    const begun = inProgressBytes - claim.inProgressBytes
    if (received === 0 && begun === 0) return
    this.#noteLarge(claim, receivingBytes)
    claim.receivingBytes = receivingBytes
    claim.inProgressBytes = inProgressBytes
    this.#takenBytes += received + begun
    this.#noteTurn(claim, received, begun)
    if (this.#takenBytes >= this.#limitBytes) this.#isShort = true
    else if (this.#isShort && this.#takenBytes <= this.#lowBytes) this.#enough()
  }

  /**
   * Whether the connection may be read. If not it stands in line from now on, and `readOn` is
   * called when that has changed.
   */
  mayRead(claim: RequestClaim): boolean {
    const turn = this.#turn
    if (turn?.claim === claim) return !turn.isWhole
    const heldBytes = claim.receivingBytes + claim.inProgressBytes
    if (!this.#isShort || heldBytes <= freeRequestBytesPerConnection) {
      this.#line.delete(claim)
      return true
    }
    this.#line.add(claim)
    this.#giveTurn()
    this.#arm()
    return this.#turn?.claim === claim
  }

  /** The connection does not want to read at the moment, for reasons of its own. */
  leave(claim: RequestClaim): void {
    this.#line.delete(claim)
    const turn = this.#turn
    // A whole frame keeps the turn until it is answered: else there could be many of them.
    if (turn?.claim !== claim || turn.isWhole) return
    this.#turn = undefined
    this.#giveTurn()
  }

  /** The connection is gone: so is its half frame; what is in progress is still told by `holds`. */
  end(claim: RequestClaim): void {
    this.leave(claim)
    this.holds(claim, 0, claim.inProgressBytes)
  }

  #noteLarge(claim: RequestClaim, receivingBytes: number): void {
    const before = this.#large.has(claim) ? claim.receivingBytes : 0
    if (receivingBytes <= freeRequestBytesPerConnection) {
      if (before > 0) this.#large.delete(claim)
      this.#largeBytes -= before
      return
    }
    this.#large.add(claim)
    this.#largeBytes += receivingBytes - before
    if (receivingBytes > claim.receivingBytes) claim.lastBytesMs = this.#clock.monotonicMs()
  }

  #noteTurn(claim: RequestClaim, received: number, begun: number): void {
    const turn = this.#turn
    if (turn?.claim !== claim) return
    if (received > 0) turn.bytes += received
    if (begun > 0) turn.isWhole = true
    if (!turn.isWhole || begun >= 0) return
    this.#turn = undefined
    this.#giveTurn()
  }

  #giveTurn(): void {
    if (this.#turn !== undefined || !this.#isShort) return
    for (const claim of this.#line) {
      // Who has begun nothing new waits for its own answers.
      if (claim.receivingBytes === 0) continue
      this.#line.delete(claim)
      this.#turn = { claim, bytes: 0, checks: 0, isWhole: false }
      claim.holder.readOn()
      return
    }
  }

  /** There is room again: everybody in line is read. */
  #enough(): void {
    this.#isShort = false
    const waiting = [...this.#line]
    // It is not read either once its frame is whole.
    if (this.#turn !== undefined) waiting.unshift(this.#turn.claim)
    this.#turn = undefined
    this.#line.clear()
    for (const { holder } of waiting) holder.readOn()
  }

  #arm(): void {
    this.#timer ??= this.#clock.setTimer(checkMs, () => {
      this.#timer = undefined
      this.#check()
      if (this.#line.size > 0) this.#arm()
    })
  }

  /** Closes those who keep others waiting. */
  #check(): void {
    const nowMs = this.#clock.monotonicMs()
    const turn = this.#turn
    if (turn !== undefined) {
      turn.checks += 1
      const isSlow = !turn.isWhole && turn.bytes < minTurnBytes
      turn.bytes = 0
      if (isSlow || turn.checks >= maxTurnChecks) this.#takeBack(turn)
    }
    if (this.#line.size === 0) return
    for (const claim of this.#large) {
      if (this.#line.has(claim) || this.#turn?.claim === claim) continue
      if (nowMs - claim.lastBytesMs < stalledMs) continue
      claim.holder.evict('it sends no more of a large request while others wait')
    }
  }

  #takeBack({ claim: slow, isWhole }: Turn): void {
    slow.holder.evict('a large request takes too long while others wait')
    if (isWhole) return
    for (const claim of this.#large) {
      if (this.#largeBytes <= this.#limitBytes / 2) return
      if (claim === this.#turn?.claim) continue
      claim.holder.evict('half of a large request, the rest of which does not come')
    }
  }
}
