// One node in this thread: makes the real Env and opens a broker in it.

import { mkdir } from 'node:fs/promises'
import {
  ConfigError,
  type Network,
  NetworkError,
  type StorageEngine,
  StorageError,
} from '@klamm/base/env'
import { createLogger, nodeClock, SocketNetwork, systemRandom } from '@klamm/base/node'
import { type Broker, MemoryEngine, openBroker, openLmdbEngine } from '@klamm/broker'
import { hasStarted, isFirstStart } from './first-start.ts'
import { ListeningTwice } from './in-process.ts'
import type { StopKind } from './launcher.ts'
import type { NodeOptions } from './node-options.ts'

/** How long a stopping broker tries to hand over its leaderships, in ms. */
export function handOverMs(how: StopKind): number {
  return how === 'alone' ? 10_000 : 0
}

/** The networks of this process that lead to brokers. */
export interface ProcessNetworks {
  readonly peers: Network
  /** Where the broker listens for clients of this process. */
  readonly clients: Network
}

/**
 * `storage` keeps the data of a node that lives in memory while the node itself is down. Rejects
 * with ConfigError when the operator can mend the reason.
 */
export async function openNode(
  options: NodeOptions,
  networks: ProcessNetworks,
  onFailure: (error: unknown) => void,
  storage?: StorageEngine,
): Promise<Broker> {
  try {
    return await open(options, networks, onFailure, storage)
  } catch (error) {
    throw operatorError(error, options)
  }
}

async function open(
  options: NodeOptions,
  { peers, clients }: ProcessNetworks,
  onFailure: (error: unknown) => void,
  storage: StorageEngine | undefined,
): Promise<Broker> {
  const { brokerId, clusterId, zone, directoryId, voters, host, port } = options
  const { dataDirectory } = options
  const engine = storage ?? (await openStorage(options))
  const broker = await openBroker(
    {
      clock: nodeClock,
      random: systemRandom(),
      network: new ListeningTwice(new SocketNetwork(), clients, brokerId),
      peers,
      storage: engine,
      log: createLogger({ level: options.logLevel, fields: { broker: brokerId } }),
    },
    {
      brokerId,
      clusterId,
      zone,
      directoryId,
      mayFormat: dataDirectory === undefined || isFirstStart(dataDirectory),
      voters,
      listen: { kind: 'tcp', host, port },
      advertisedHost: host,
      config: new Map([...options.config, ...ownConfig(options)]),
      onFailure,
    },
  )
  if (dataDirectory !== undefined) await hasStarted(dataDirectory)
  return broker
}

/** What the plan says of this node, by the names under which an administrator looks for it. */
function ownConfig({ brokerId, voters, dataDirectory }: NodeOptions): [string, string][] {
  const isVoter = voters.some(({ nodeId }) => nodeId === brokerId)
  const roles: [string, string] = ['process.roles', isVoter ? 'broker,controller' : 'broker']
  return dataDirectory === undefined ? [roles] : [roles, ['log.dirs', dataDirectory]]
}

async function openStorage({ dataDirectory, durability }: NodeOptions): Promise<StorageEngine> {
  if (dataDirectory === undefined || durability === 'memory') return new MemoryEngine()
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  return openLmdbEngine({ directory: dataDirectory, durability })
}

function operatorError(error: unknown, { brokerId, host, port, voters }: NodeOptions): unknown {
  if (error instanceof NetworkError && error.code === 'addressInUse') {
    return new ConfigError(`port ${port} on ${host} is in use`, { cause: error })
  }
  if (error instanceof StorageError) {
    const mayHeal = error.code === 'corrupt' && voters.some(({ nodeId }) => nodeId !== brokerId)
    const advice = mayHeal ? '; with an empty directory it gets everything from the others' : ''
    return new ConfigError(`broker ${brokerId}: ${error.message}${advice}`, { cause: error })
  }
  return error
}
