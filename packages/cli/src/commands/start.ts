// klamm start: a cluster in the foreground, until Ctrl-C or SIGTERM.

import { nodeClock } from '@klamm/base/node'
import { type Cluster, type ClusterSpec, startCluster } from '@klamm/cluster'
import { Command, InvalidArgumentError, Option } from 'commander'
import { stopSignal } from '../stop-signal.ts'

interface StartOptions {
  readonly data: string
  readonly port: number
  readonly zones: number
  readonly brokersPerZone: number
  readonly mode: 'inline' | 'worker'
  readonly durability: 'fsync' | 'os' | 'memory'
  readonly logLevel: NonNullable<ClusterSpec['logLevel']>
}

export function startCommand(): Command {
  return new Command('start')
    .description('start a cluster on this machine and stay in the foreground')
    .option('--data <directory>', 'where the data is kept', './data')
    .option('--port <port>', 'port of the first broker; the others take the next ones', whole, 9092)
    .option('--zones <count>', 'number of zones', whole, 3)
    .option('--brokers-per-zone <count>', 'brokers in each zone', whole, 1)
    .addOption(
      new Option('--mode <mode>', 'brokers in one event loop, or in a worker thread each')
        .choices(['inline', 'worker'])
        .default('worker'),
    )
    .addOption(
      new Option('--durability <level>', 'what an acknowledgement promises')
        .choices(['fsync', 'os', 'memory'])
        .default('fsync'),
    )
    .addOption(
      new Option('--log-level <level>', 'the least that is logged, to standard output')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('warn'),
    )
    .action(start)
}

async function start(options: StartOptions): Promise<void> {
  const isStopping = stopSignal(process, nodeClock.monotonicMs)
  const { durability, data } = options
  const cluster = await startCluster({
    mode: options.mode,
    zones: options.zones,
    brokersPerZone: options.brokersPerZone,
    port: options.port,
    durability,
    ...(durability === 'memory' ? {} : { dataDirectory: data }),
    logLevel: options.logLevel,
  })
  try {
    const ready = await Promise.race([cluster.ready().then(() => true), isStopping])
    if (ready === true) {
      announce(cluster, options)
      await isStopping
    }
  } finally {
    await cluster.close()
  }
}

function announce(cluster: Cluster, { mode, durability, data }: StartOptions): void {
  const kept = durability === 'memory' ? 'nothing is kept' : `data in ${data}`
  for (const { brokerId, zone, host, port } of cluster.brokers) {
    say(`broker ${brokerId} in ${zone}: ${host}:${port} (${mode}, ${durability}, ${kept})`)
  }
  say(`ready: bootstrap servers ${cluster.bootstrapServers.join(',')}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function whole(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError('a whole number is wanted')
  }
  return value
}
