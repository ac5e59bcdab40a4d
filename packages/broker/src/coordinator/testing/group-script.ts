// Plays commands of a script test against a group shard and says what came of each: what was
// logged, answered, and the state of the group when it changed.
//
//   join member=a [as=id] [instance=i] [topics=(t,u)] [owned=(0,1)] [protocols=(range)]
//        [session=ms] [rebalance=ms] [v4] [old]
//     joins with the id the member has; with `as`, without one, to be given that
//   sync member=a          below it, from the leader, a line per assignment: `b: 0,1`
//   heartbeat member=a     leave members=(a,b)     leave instance=i
//   commit [member=a] partition=0 offset=5     fetch [stable]     describe     list [states=(…)]
//   advance ms=1000     hold     release     refuse     accept     fail-over
//   config [delay=ms] [max-size=n] [retention=ms]
//
// A member's generation is the one it was told last; `generation=n` says another.

import { groupStateNames } from '../groups/classic/state.ts'
import { subscribedTopics } from '../groups/subscription.ts'
import {
  type DescribedGroup,
  defaultGroupConfig,
  type GroupConfig,
  type JoinReply,
  type LeaveReply,
  type ListedGroup,
  type OffsetFetchReply,
  type SyncReply,
} from '../groups/types.ts'
import { subscription } from './form-group.ts'
import { type Asked, TestShard } from './test-shard.ts'

/** What is needed of a script's command: of ScriptCommand in the test tools, which are not pure. */
interface Command {
  readonly name: string
  readonly input: readonly string[]
  has(key: string): boolean
  string(key: string, otherwise?: string): string
  number(key: string, otherwise?: number): number
  boolean(key: string): boolean
  list(key: string, otherwise?: readonly string[]): readonly string[]
  numbers(key: string, otherwise?: readonly number[]): readonly number[]
  unknown(): never
}

export class GroupScript {
  #shard: TestShard | undefined
  #config: Partial<GroupConfig> = {}
  #output: string[] = []
  #state = ''
  #appendedBatches = 0
  /** Member → the generation it was told last. */
  readonly #generations = new Map<string, number>()
  readonly #ids = new Set<string>()
  readonly #instances = new Map<string, string>()
  /** What is asked and not answered yet, with what to say when it is. */
  readonly #waiting = new Map<Asked<unknown>, () => string>()

  run(command: Command): string {
    this.#output = []
    this.#perform(command)
    this.#tellState()
    const lines = [...this.#records(), ...this.#output]
    return lines.length === 0 ? 'ok' : lines.join('\n')
  }

  #perform(command: Command): void {
    switch (command.name) {
      case 'config':
        this.#configure(command)
        break
      case 'join':
        this.#join(command)
        break
      case 'sync':
        this.#sync(command)
        break
      case 'heartbeat': {
        const member = command.string('member')
        this.#say(`${member}: ${this.shard.heartbeat(this.#identity(member, command))}`)
        break
      }
      case 'leave':
        this.#leave(command)
        break
      case 'commit':
        this.#commit(command)
        break
      case 'fetch':
        this.#fetch(command.boolean('stable'))
        break
      case 'describe':
        this.#describe()
        break
      case 'list':
        this.#list(command)
        break
      default:
        this.#faultOrTime(command)
    }
  }

  get shard(): TestShard {
    this.#shard ??= this.#watched(new TestShard(this.#options()))
    return this.#shard
  }

  #faultOrTime(command: Command): void {
    switch (command.name) {
      case 'advance':
        this.shard.advance(command.number('ms'))
        break
      case 'hold':
        this.shard.commitsAtOnce = false
        break
      case 'release':
        this.shard.commitsAtOnce = true
        this.shard.commit()
        break
      case 'refuse':
        this.shard.refusal = 'NOT_ENOUGH_REPLICAS'
        break
      case 'accept':
        this.shard.refusal = undefined
        break
      case 'fail-over':
        this.#waiting.clear()
        this.#shard = this.#watched(this.shard.failOver(this.#options()))
        this.#state = ''
        break
      default:
        command.unknown()
    }
  }

  #options() {
    return {
      config: { initialRebalanceDelayMs: 3_000, ...this.#config },
      onAnswer: (asked: Asked<unknown>) => this.#answered(asked),
    }
  }

  #watched(shard: TestShard): TestShard {
    this.#appendedBatches = shard.log.batches.length
    return shard
  }

  #configure(command: Command): void {
    const config = { ...defaultGroupConfig, initialRebalanceDelayMs: 3_000, ...this.#config }
    this.#config = {
      initialRebalanceDelayMs: command.number('delay', config.initialRebalanceDelayMs),
      maxSize: command.number('max-size', config.maxSize),
      offsetsRetentionMs: command.number('retention', config.offsetsRetentionMs),
    }
  }

  #join(command: Command): void {
    const name = command.string('member')
    const newMemberId = command.string('as', name)
    const isKnown = this.#ids.has(name) && !command.has('as')
    const groupInstanceId = this.#instanceOf(name, command)
    if (groupInstanceId !== undefined) this.#instances.set(newMemberId, groupInstanceId)
    const metadata = subscription(command.list('topics', ['t']), command.numbers('owned', []))
    const request = {
      memberId: isKnown ? name : '',
      groupInstanceId,
      clientId: name,
      protocols: command.list('protocols', ['range']).map(protocol => {
        return { name: protocol, metadata }
      }),
      sessionTimeoutMs: command.number('session', 10_000),
      rebalanceTimeoutMs: command.number('rebalance', 60_000),
      requiresKnownMemberId: command.boolean('v4'),
      supportsSkippingAssignment: !command.boolean('old'),
    }
    this.#tell(this.shard.join(request, newMemberId), reply => this.#joined(name, reply))
  }

  #instanceOf(member: string, command: Command): string | undefined {
    return command.has('instance') ? command.string('instance') : this.#instances.get(member)
  }

  #joined(name: string, reply: JoinReply): string {
    if (reply.memberId !== '') this.#ids.add(reply.memberId)
    if (reply.error !== 'NONE') return `${name}: join ${reply.error} member=${reply.memberId}`
    this.#generations.set(reply.memberId, reply.generationId)
    const members = reply.members.map(({ memberId, metadata }) => {
      const owned = metadata.subarray(subscription(subscribedTopics(metadata) ?? []).length)
      return owned.length === 0 ? memberId : `${memberId} owning ${[...owned]}`
    })
    return [
      `${name}: joined as ${reply.memberId} generation=${reply.generationId}`,
      ` ${reply.protocolName} leader=${reply.leader}`,
      members.length === 0 ? '' : ` members=(${members.join(', ')})`,
      reply.skipAssignment ? ' skips the assignment' : '',
    ].join('')
  }

  #identity(memberId: string, command: Command) {
    const generationId = command.number('generation', this.#generations.get(memberId) ?? -1)
    return { memberId, generationId, groupInstanceId: this.#instanceOf(memberId, command) }
  }

  #sync(command: Command): void {
    const member = command.string('member')
    const assignments = command.input.map(line => {
      const [memberId = '', partitions = ''] = line.split(/: ?/)
      const numbers = partitions === '' ? [] : partitions.split(',').map(Number)
      return { memberId, assignment: new Uint8Array(numbers) }
    })
    const request = { ...this.#identity(member, command), assignments }
    this.#tell(this.shard.sync(request), ({ error, assignment }: SyncReply) => {
      return `${member}: ${error === 'NONE' ? `assigned (${[...assignment]})` : `sync ${error}`}`
    })
  }

  #leave(command: Command): void {
    const members = command.has('instance')
      ? [{ groupInstanceId: command.string('instance') }]
      : command.list('members').map(memberId => ({ memberId }))
    this.#tell(this.shard.leave(members), (reply: LeaveReply) => {
      const texts = reply.members.map(({ memberId, groupInstanceId: instance, error }) => {
        return `${memberId === '' ? instance : memberId} left: ${error}`
      })
      return texts.join(', ')
    })
  }

  #commit(command: Command): void {
    const [partition, offset] = [command.number('partition'), command.number('offset')]
    const partitions = [{ partition, offset, leaderEpoch: -1, metadata: '' }]
    const topics = [{ topic: 't', topicId: undefined, partitions }]
    const member = command.has('member') ? command.string('member') : undefined
    const who = member === undefined ? {} : this.#identity(member, command)
    this.#tell(this.shard.commitOffset(0, { ...who, topics }), () => {
      return `${member ?? 'no member'}: committed ${partition}=${offset}`
    })
  }

  #fetch(requireStable: boolean): void {
    this.#tell(this.shard.fetch(requireStable), ({ topics }: OffsetFetchReply) => {
      const all = topics.flatMap(({ partitions }) => partitions)
      const texts = all.map(({ partition, offset }) => `${partition}=${offset}`)
      return `offsets: ${texts.length === 0 ? 'none' : texts.join(' ')}`
    })
  }

  #describe(): void {
    const asked = this.shard.ask<DescribedGroup>(ticket => {
      return { kind: 'describeGroup', request: 'g', ticket }
    })
    this.#tell(asked, ({ state, protocolType, protocolName, members }) => {
      const texts = members.map(({ memberId, assignment }) => `${memberId}(${[...assignment]})`)
      return [state, protocolType, protocolName, ...texts].filter(text => text !== '').join(' ')
    })
  }

  #list(command: Command): void {
    const request = { states: command.list('states', []), types: [] }
    const asked = this.shard.ask<readonly ListedGroup[]>(ticket => {
      return { kind: 'listGroups', request, ticket }
    })
    this.#tell(asked, groups => {
      return `groups: ${groups.map(({ groupId, state }) => `${groupId} ${state}`).join(', ')}`
    })
  }

  /** Says what was answered, now or when it is. */
  #tell<Reply>(asked: Asked<Reply>, say: (reply: Reply) => string): void {
    const text = () => (asked.error === undefined ? say(asked.reply) : `refused: ${asked.error}`)
    if (asked.isAnswered) this.#say(text())
    else this.#waiting.set(asked as Asked<unknown>, text)
  }

  #answered(asked: Asked<unknown>): void {
    const text = this.#waiting.get(asked)
    if (text === undefined) return
    this.#waiting.delete(asked)
    this.#say(text())
  }

  #say(text: string): void {
    this.#output.push(text)
  }

  #records(): readonly string[] {
    const { batches } = this.shard.log
    const lines = batches.slice(this.#appendedBatches).map(({ records }) => {
      const kinds = records.map(record => {
        if (record.kind !== 'groupMetadata') return record.kind
        return `groupMetadata generation=${record.generationId} members=${record.members.length}`
      })
      return `log: ${kinds.join(', ')}`
    })
    this.#appendedBatches = batches.length
    return lines
  }

  #tellState(): void {
    const group = this.shard.groups.groups.get('g')
    const state = group === undefined ? 'none' : groupStateNames[group.state]
    const text = `group: ${state} generation=${group?.generationId ?? 0}`
    if (text === this.#state) return
    this.#state = text
    this.#say(text)
  }
}
