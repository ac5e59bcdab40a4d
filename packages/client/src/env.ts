// What the client reaches of the world. The default is Node's own; the simulator brings another, so
// that the same client runs in virtual time.

import type { Random } from '@klamm/base'
import type { Clock, Logger, Network } from '@klamm/base/env'

export interface ClientEnv {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly log: Logger
}
