// Runs scripts/*.txt against a controller. REWRITE=1 writes what was printed into the scripts.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describePartition } from '../image/describe.ts'
import {
  minIsrOf,
  violationBetween,
  violationOf,
  violationOfCopies,
} from '../testing/invariants.ts'
import {
  type Command,
  formatScript,
  parseCommand,
  parseIds,
  parseScript,
} from '../testing/script.ts'
import { TestCluster } from '../testing/test-cluster.ts'

const folder = new URL('./scripts/', import.meta.url)

for (const file of readdirSync(folder).sort()) {
  test(`the controller does what ${file} says`, () => {
    const url = new URL(file, folder)
    const text = readFileSync(url, 'utf8')
    const steps = parseScript(text)
    const env = new ScriptEnv()
    const outputs = steps.map(step => env.run(parseCommand(step.command)))
    const printed = formatScript(steps, outputs)
    if (process.env.REWRITE === '1') writeFileSync(url, printed)
    else expect(printed).toBe(text)
  })
}

type Run = (command: Command) => string

class ScriptEnv {
  readonly #cluster = new TestCluster()
  readonly #cleanEpochs = new Map<number, number>()

  readonly #commands: ReadonlyMap<string, Run> = new Map<string, Run>([
    ['start', command => this.#start(command)],
    ['restart', command => this.#restart(command)],
    ['heartbeat', command => this.#heartbeat(command)],
    ['kill', command => this.#kill(command)],
    ['create', command => this.#create(command)],
    ['isr', command => this.#isr(command)],
    ['config', command => this.#config(command)],
    ['elect', command => this.#elect(command)],
    ['balance', () => `${this.#cluster.commit(this.#cluster.controller.balanceLeaders(100))}`],
    ['recover', () => `${this.#cluster.commit(this.#cluster.controller.recoverLeaderless(100))}`],
    ['reassign', command => this.#reassign(command)],
    ['unregister', command => this.#unregister(command)],
    ['fail-over', () => this.#failOver()],
  ])

  /** What the command printed, then the partitions and brokers it changed. */
  run(command: Command): string {
    const run = this.#commands.get(command.name)
    if (run === undefined) throw new Error(`no such command: ${command.name}`)
    const before = this.#cluster.image
    const lines = [run(command)]
    const after = this.#cluster.image
    expect(violationOf(after, topic => minIsrOf(after, topic))).toBe(undefined)
    expect(violationOfCopies(after, this.#cluster.replayed)).toBe(undefined)
    // A kill is several decisions.
    if (command.name !== 'kill') expect(violationBetween(before, after)).toBe(undefined)
    for (const name of after.topics.sortedNames()) {
      after.topics.byName(name)?.partitions.forEach((partition, index) => {
        const old = before.topics.byName(name)?.partitions[index]
        if (old?.partitionEpoch !== partition.partitionEpoch)
          lines.push(`${name}-${index} ${describePartition(partition)}`)
      })
    }
    return lines.join('\n')
  }

  #start({ words, options }: Command): string {
    for (const id of parseIds(words[0] ?? '')) this.#cluster.start([id], options.get('zone'))
    return 'ok'
  }

  /** Another process of the broker: clean if it was let go before, on another disk with `empty`. */
  #restart({ words }: Command): string {
    const id = Number(words[0])
    const clean = words.includes('clean') ? this.#cleanEpochs.get(id) : undefined
    const logDirs = words.includes('empty') ? [`another-disk-of-${id}`] : undefined
    const reply = this.#cluster.register(id, {
      ...(clean === undefined ? {} : { previousBrokerEpoch: clean }),
      ...(logDirs === undefined ? {} : { logDirs }),
    })
    return reply.error === 'NONE' ? 'ok' : reply.error
  }

  #heartbeat({ words, options }: Command): string {
    const id = Number(words[0])
    const offset = options.get('offset')
    const reply = this.#cluster.heartbeat(id, {
      fence: words.includes('fence'),
      shutDown: words.includes('shut-down'),
      ...(offset === undefined ? {} : { offset: Number(offset) }),
    })
    if (reply.error !== 'NONE') return reply.error
    if (reply.shouldShutDown) this.#cleanEpochs.set(id, this.#cluster.brokerEpoch(id))
    const parts = [reply.isFenced ? 'fenced' : 'unfenced']
    if (!reply.isCaughtUp) parts.push('not caught up')
    if (reply.shouldShutDown) parts.push('should shut down')
    return parts.join(', ')
  }

  #kill({ words }: Command): string {
    this.#cluster.kill(parseIds(words[0] ?? ''))
    return 'ok'
  }

  #create({ words, options }: Command): string {
    const configs = words
      .filter(word => word.startsWith('config:'))
      .map(word => {
        const [key = '', value = ''] = word.slice('config:'.length).split('=')
        return { name: key, value }
      })
    const replicas = options.get('replicas')
    const assignments =
      replicas === undefined ? undefined : [{ partitionIndex: 0, brokerIds: parseIds(replicas) }]
    const created = this.#cluster.createTopic(words[0] ?? '', {
      configs,
      ...(assignments === undefined
        ? {
            partitionCount: Number(options.get('partitions') ?? 1),
            replicationFactor: Number(options.get('factor') ?? 1),
          }
        : { assignments }),
    })
    return created.error === 'NONE' ? 'ok' : `${created.error}: ${created.message}`
  }

  #isr({ words, options }: Command): string {
    const [name = ''] = words
    const given = (key: string) => {
      const value = options.get(key)
      return value === undefined ? undefined : Number(value)
    }
    const epochs = new Map<number, number>()
    for (const pair of (options.get('epochs') ?? '').split(',').filter(text => text !== '')) {
      const [id, epoch] = pair.split(':')
      epochs.set(Number(id), Number(epoch))
    }
    const brokerId = given('from')
    const leaderEpoch = given('leader-epoch')
    const partitionEpoch = given('partition-epoch')
    const altered = this.#cluster.proposeIsr(name, parseIds(options.get('isr') ?? ''), {
      epochs,
      ...(brokerId === undefined ? {} : { brokerId }),
      ...(leaderEpoch === undefined ? {} : { leaderEpoch }),
      ...(partitionEpoch === undefined ? {} : { partitionEpoch }),
    })
    return altered.error === 'NONE' ? 'ok' : altered.error
  }

  #config({ words, options }: Command): string {
    const [type = '', name = ''] = words
    const changes = [...options].map(([key, value]) => ({
      name: key,
      operation: value === '' ? ('delete' as const) : ('set' as const),
      value,
    }))
    const resource =
      type === 'topic' ? ({ type, name } as const) : ({ type: 'broker', name } as const)
    const [altered] = this.#cluster.commit(
      this.#cluster.controller.incrementalAlterConfigs([{ ...resource, changes }], false),
    )
    return altered?.error === 'NONE' ? 'ok' : `${altered?.error}: ${altered?.message}`
  }

  #elect({ words }: Command): string {
    const [electionType, name = ''] = words
    const type = electionType === 'unclean' ? 'unclean' : 'preferred'
    const partitions = [{ topicName: name, partitionIndex: 0 }]
    const [elected] = this.#cluster.commit(
      this.#cluster.controller.electLeaders({ electionType: type, partitions }),
    )
    return elected?.error === 'NONE' ? 'ok' : `${elected?.error}`
  }

  #reassign({ words, options }: Command): string {
    const replicas = options.get('to')
    const [done] = this.#cluster.commit(
      this.#cluster.controller.alterPartitionReassignments([
        {
          topicName: words[0] ?? '',
          partitionIndex: 0,
          replicas: replicas === undefined ? undefined : parseIds(replicas),
        },
      ]),
    )
    return done?.error === 'NONE' ? 'ok' : `${done?.error}`
  }

  #unregister({ words }: Command): string {
    const reply = this.#cluster.commit(this.#cluster.controller.unregisterBroker(Number(words[0])))
    return reply.error === 'NONE' ? 'ok' : reply.error
  }

  #failOver(): string {
    this.#cluster.failOver()
    return 'ok'
  }
}
