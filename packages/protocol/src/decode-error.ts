// The peer's fault: bytes that are not the message they claim to be. Whoever reads from the peer
// closes the connection; nothing else in this package is thrown because of what a peer sent.

/** Bytes that cannot be decoded: what was wrong, in which field, at which offset of the frame. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly #problem: string
  #path = ''

  /** `offset` is the position of the bad bytes in what was being read, when it is known. */
  readonly offset: number | undefined

  constructor(problem: string, offset?: number, options?: ErrorOptions) {
    super(offset === undefined ? problem : `${problem} at byte ${offset}`, options)
    this.#problem = problem
    this.offset = offset
  }

  /** Where in the message: `topics[3].partitions[0].records`; empty when it is no field. */
  get path(): string {
    return this.#path
  }

  /** Adds the enclosing field or index on the way out: no reader has to track where it is. */
  within(segment: string): this {
    const glue = this.#path === '' || this.#path.startsWith('[') ? '' : '.'
    this.#path = `${segment}${glue}${this.#path}`
    const where = this.offset === undefined ? '' : ` at byte ${this.offset}`
    this.message = `${this.#path}: ${this.#problem}${where}`
    return this
  }
}
