// Everything a driver may reach of the world, in one object. Nothing else in the core touches a
// clock, a socket, a disk or a source of randomness, so a whole cluster runs under a simulator.

import type { Random } from '../random.ts'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'
import type { Network } from './network.ts'
import type { StorageEngine } from './storage.ts'

export interface Env {
  readonly clock: Clock
  /** For jitter, election time-outs and ids. Seeded in the simulator, from the OS otherwise. */
  readonly random: Random
  /** Where clients are. */
  readonly network: Network
  /** The private network between brokers: only `peer` addresses. */
  readonly peers: Network
  readonly storage: StorageEngine
  readonly log: Logger
}
