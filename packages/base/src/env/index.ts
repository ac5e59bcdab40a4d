// The Env interfaces and the tools of asynchronous drivers. No I/O in here.

export { addressText } from './address.ts'
export type { Clock, Timer } from './clock.ts'
export { Deadline } from './deadline.ts'
export type { Env } from './env.ts'
export {
  ConfigError,
  NetworkError,
  type NetworkErrorCode,
  StorageError,
  type StorageErrorCode,
  TimeoutError,
} from './errors.ts'
export { LocalNetwork } from './local-network.ts'
export { type LogFields, type Logger, silentLogger } from './logger.ts'
export type { Address, ByteStream, Listener, Network, StreamHandlers } from './network.ts'
export { once } from './once.ts'
export { RoutedNetwork, type Routes } from './routed-network.ts'
export { sleepOn } from './sleep.ts'
export type {
  Durability,
  Environment,
  EnvironmentOptions,
  Put,
  StorageEngine,
} from './storage.ts'
export { TaskScope } from './task-scope.ts'
