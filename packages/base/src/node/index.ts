// The real Env: the only part of the foundations that touches the machine.

export { nodeClock } from './clock.ts'
export { createLogger, type LoggerOptions, type LogLevel } from './logger.ts'
export { PortHub } from './port-hub.ts'
export { PortNetwork } from './port-network.ts'
export { lockDirectory, type ProcessLock } from './process-lock.ts'
export { systemRandom } from './random.ts'
export { networkError, systemCode } from './socket-errors.ts'
export {
  SocketNetwork,
  type SocketNetworkOptions,
  type TlsConnectOptions,
} from './socket-network.ts'
export { SocketStream } from './socket-stream.ts'
export { siblingUrl } from './worker-url.ts'
