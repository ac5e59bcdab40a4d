// What the stores need from a disk: small ordered key-value environments with atomic commits. LMDB
// and the simulated disk are the two implementations. Visible is not durable: see `commit`.

/** One write of a commit. `value: null` deletes. Value parts are stored joined, without a copy. */
export interface Put {
  /** 1 to 64 bytes; keys are ordered bytewise. */
  readonly key: Uint8Array
  readonly value: Uint8Array | readonly Uint8Array[] | null
}

export interface EnvironmentOptions {
  /** A hint for the size of the memory map; not a quota. */
  readonly expectedBytes?: number
  /**
   * Keys are only ever added, each greater than all before it, and nothing is deleted: lets the
   * engine pack pages densely.
   */
  readonly appendOnly?: boolean
}

/** One ordered key-value environment. */
export interface Environment {
  readonly name: string
  /**
   * Applies all puts atomically. Commits take effect in call order. The writes become visible to
   * `get` and `visit` some time before the promise resolves; they are durable (as far as the
   * engine's durability promises) only once it has resolved. Several commits may be in flight.
   *
   * A rejection is final: the environment refuses everything afterwards (StorageError) and the
   * broker must end, because what is visible may never become durable.
   */
  commit(puts: readonly Put[]): Promise<void>
  /** The value, in memory of its own that the caller owns; undefined when the key is absent. */
  get(key: Uint8Array): Uint8Array | undefined
  /**
   * Visits keys in [from, to) in ascending order until `visit` returns false. Key and value are
   * valid only during the call; the environment must not be written from inside it.
   */
  visit(
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    visit: (key: Uint8Array, value: Uint8Array) => boolean,
  ): void
  /** Makes everything committed so far durable, also when the engine does not flush each commit. */
  sync(): Promise<void>
  /** Waits for commits in flight, then closes. */
  close(): Promise<void>
}

/** How much a resolved commit promises. */
export type Durability =
  /** Survives a power cut: flushed before the commit resolves. */
  | 'fsync'
  /** Survives the death of the process: in the page cache. */
  | 'os'
  /** Survives nothing: kept in memory, or in files without any flush that are emptied at start. */
  | 'memory'

/** One data directory. Only one engine may have it open at a time. */
export interface StorageEngine {
  readonly durability: Durability
  /** Names of the environments that exist, sorted. */
  list(): readonly string[]
  /** Opens or creates. Names are `[a-z0-9-]{1,64}`. */
  open(name: string, options?: EnvironmentOptions): Environment
  /** Removes a closed environment and gives its space back. */
  drop(name: string): Promise<void>
  /** Bytes free on the device, and bytes used by this engine. */
  usage(): { readonly freeBytes: number; readonly usedBytes: number }
  close(): Promise<void>
}
