// The Env interfaces and the tools of asynchronous drivers. No I/O in here.

export type { Clock, Timer } from './clock.ts'
export type { Env } from './env.ts'
export {
  ConfigError,
  NetworkError,
  type NetworkErrorCode,
  StorageError,
  type StorageErrorCode,
  TimeoutError,
} from './errors.ts'
export { type LogFields, type Logger, silentLogger } from './logger.ts'
export type { Address, ByteStream, Listener, Network, StreamHandlers } from './network.ts'
export type {
  Durability,
  Environment,
  EnvironmentOptions,
  Put,
  StorageEngine,
} from './storage.ts'
export { TaskScope } from './task-scope.ts'
