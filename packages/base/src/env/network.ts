// Streams of bytes between a client and a broker or between two brokers. TCP, unix sockets,
// MessagePorts between threads and the simulated network are four implementations of this page.

/**
 * Where a listener is. `tcp` is host and port; `unix` a socket path; `peer` names a broker by id on
 * the private network between brokers, which no client can reach.
 */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'peer'; readonly brokerId: number }

/** What a stream tells its owner. All calls come from the event loop, never re-entrantly. */
export interface StreamHandlers {
  /** Bytes in order. The chunk belongs to the receiver; it is never reused by the stream. */
  onData(chunk: Uint8Array): void
  /** The write queue has fallen below the low mark after `write` returned false. */
  onDrain?(): void
  /** The stream has ended, for whatever reason. Called exactly once, last. */
  onClose(error: Error | undefined): void
}

/** One connection. Bytes are delivered in order, exactly once, or the stream closes. */
export interface ByteStream {
  /** Who is at the other end, for logs and quotas: `127.0.0.1:51234`, `peer:2`. */
  readonly remoteAddress: string
  /** Bytes accepted by `write` that the other side has not been handed yet. */
  readonly queuedBytes: number
  /**
   * Sets the receiver; data flows from then on. Must be called in the turn the stream was obtained
   * in, before anything is awaited.
   */
  handle(handlers: StreamHandlers): void
  /**
   * Queues the chunks, in order, without copying: they must not change afterwards. Returns false
   * when the caller should stop until `onDrain` (the chunks are queued all the same). After the
   * stream closed it does nothing and returns false.
   */
  write(chunks: readonly Uint8Array[]): boolean
  /** Stops delivery of data (the peer is held back by the transport's own window). */
  pause(): void
  resume(): void
  /** Sends what is queued, then closes. */
  end(): void
  /** Closes now; what is queued may be lost. */
  destroy(error?: Error): void
}

export interface Listener {
  /** The bound address: with the real port when 0 was asked for. */
  readonly address: Address
  /** Stops accepting. Open streams stay open: they belong to whoever accepted them. */
  close(): Promise<void>
}

export interface Network {
  /** Fails with NetworkError `addressInUse` when somebody listens there already. */
  listen(address: Address, onStream: (stream: ByteStream) => void): Promise<Listener>
  /** Fails with NetworkError `refused`, `unreachable` or `timeout`. */
  connect(address: Address, signal?: AbortSignal): Promise<ByteStream>
}
