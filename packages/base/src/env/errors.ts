// Failures of the world, told apart by class: a driver decides by these what to retry.

export type NetworkErrorCode =
  | 'addressInUse'
  | 'refused'
  | 'unreachable'
  | 'closed'
  | 'timeout'
  | 'permission'
  /** TLS failed: a certificate is not trusted, or one side does not speak TLS. */
  | 'tls'

/** A connection could not be made or was lost. Normal: the driver that owns it retries. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError'
  readonly code: NetworkErrorCode

  constructor(code: NetworkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export type StorageErrorCode = 'io' | 'full' | 'corrupt' | 'closed' | 'inUse' | 'foreign'

/**
 * The disk failed or what it holds cannot be trusted. Never retried: the store is taken offline.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A deadline passed. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

/** The operator asked for something that cannot be: one readable sentence, exit code 1. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}
