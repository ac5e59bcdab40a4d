// When heartbeats are due, whether they get through, and whether the session may have ended without
// the member having been told.

interface LivenessOptions {
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
}

/** So many intervals without an acknowledged heartbeat are a stall. */
const stallIntervals = 3

/**
 * Counts from when an acknowledged request was *sent*: the coordinator cannot have counted from
 * earlier, so the member never believes in its session for longer than the coordinator does.
 */
export class Liveness {
  readonly #options: LivenessOptions
  #acknowledgedAtMs = 0
  #heartbeatAtMs = 0
  #inFlight: { readonly token: number; readonly sentAtMs: number } | undefined
  #token = 0
  #toldStall = false
  #isSuspended = false

  constructor(options: LivenessOptions) {
    this.#options = options
  }

  /** The coordinator has dealt with something that was sent at that time. */
  acknowledged(sentAtMs: number, nowMs: number): void {
    this.#acknowledgedAtMs = Math.max(this.#acknowledgedAtMs, sentAtMs)
    this.#heartbeatAtMs = Math.max(nowMs, sentAtMs + this.#options.heartbeatIntervalMs)
    this.#inFlight = undefined
    this.#toldStall = false
  }

  isHeartbeatDue(nowMs: number): boolean {
    return this.#inFlight === undefined && nowMs >= this.#heartbeatAtMs
  }

  heartbeatSent(nowMs: number): number {
    this.#token += 1
    this.#inFlight = { token: this.#token, sentAtMs: nowMs }
    return this.#token
  }

  /** When it was sent; undefined when it is not the one that is waited for. */
  heartbeatAnswered(token: number): number | undefined {
    const { sentAtMs } = this.#inFlight?.token === token ? this.#inFlight : { sentAtMs: undefined }
    if (sentAtMs !== undefined) this.#inFlight = undefined
    return sentAtMs
  }

  retryHeartbeat(atMs: number): void {
    this.#heartbeatAtMs = atMs
  }

  /** How long heartbeats have been late, in ms, once per stall. */
  takeStall(nowMs: number): number | undefined {
    if (this.#toldStall || nowMs < this.#stallAtMs) return undefined
    this.#toldStall = true
    return nowMs - this.#acknowledgedAtMs - this.#options.heartbeatIntervalMs
  }

  /** Whether the session may have ended; true once. */
  takeExpiry(nowMs: number): boolean {
    if (this.#isSuspended || nowMs < this.#expiresAtMs) return false
    this.#isSuspended = true
    return true
  }

  /** Whether it was suspended; it is not any more. */
  takeSuspension(): boolean {
    const wasSuspended = this.#isSuspended
    this.#isSuspended = false
    return wasSuspended
  }

  nextDeadlineMs(sendsHeartbeats: boolean, mayExpire: boolean): number | undefined {
    let atMs = Number.POSITIVE_INFINITY
    if (sendsHeartbeats && this.#inFlight === undefined) atMs = this.#heartbeatAtMs
    if (sendsHeartbeats && !this.#toldStall) atMs = Math.min(atMs, this.#stallAtMs)
    if (mayExpire && !this.#isSuspended) atMs = Math.min(atMs, this.#expiresAtMs)
    return atMs === Number.POSITIVE_INFINITY ? undefined : atMs
  }

  get #stallAtMs(): number {
    return this.#acknowledgedAtMs + stallIntervals * this.#options.heartbeatIntervalMs
  }

  get #expiresAtMs(): number {
    return this.#acknowledgedAtMs + this.#options.sessionTimeoutMs
  }
}
