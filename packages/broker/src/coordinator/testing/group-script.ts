// Runs a script of commands against a group shard and writes down what happened, so that behaviour
// is reviewed as text. A script is blocks: comments, a command, `----`, and what came of it.
//
//   join <member> [instance=i] [topics=t,u] [owned=0,1] [session=ms] [rebalance=ms] [v4] [old]
//     joins under the id the member has; one without an id is given its name as id
//   new <member> as=<id> ...        the same, but without an id: a restarted process
//   sync <member> [assign=a:0,1;b:2]    heartbeat <member>    leave <member>... | leave instance=i
//   commit <member>|admin <partition>=<offset>    fetch [stable]    describe    list [states=...]
//   advance <ms>    hold    release    refuse <error>    accept    fail-over    config <name>=<ms>
//
// A member's generation is the one it was told last; `generation=n` says another.

import { assert } from '@klamm/base'
import { groupStateNames } from '../groups/classic/state.ts'
import { subscribedTopics } from '../groups/subscription.ts'
import type {
  DescribedGroup,
  GroupConfig,
  JoinReply,
  LeaveReply,
  ListedGroup,
  OffsetFetchReply,
  SyncReply,
} from '../groups/types.ts'
import { subscription } from './form-group.ts'
import { type Asked, TestShard } from './test-shard.ts'

/** The script with what happens now below each `----`. */
export function runGroupScript(script: string): string {
  const runner = new ScriptRunner()
  const blocks = script.trim().split(/\n\n+/)
  const rewritten = blocks.map(block => {
    const lines = (block.split('\n----')[0] ?? '').split('\n')
    const commands = lines.filter(line => line !== '' && !line.startsWith('#'))
    if (commands.length === 0) return lines.join('\n')
    const output = commands.flatMap(command => runner.run(command))
    return [...lines, '----', ...(output.length === 0 ? ['ok'] : output)].join('\n')
  })
  return `${rewritten.join('\n\n')}\n`
}

interface Arguments {
  /** Words without `=`. */
  readonly words: readonly string[]
  readonly options: ReadonlyMap<string, string>
}

class ScriptRunner {
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

  run(line: string): readonly string[] {
    this.#output = []
    const [command = '', ...rest] = line.split(/\s+/)
    const words = rest.filter(word => !word.includes('='))
    const options = new Map(
      rest.filter(word => word.includes('=')).map(word => [beforeSign(word), afterSign(word)]),
    )
    this.#command(command, { words, options })
    this.#tellState()
    return [...this.#records(), ...this.#output]
  }

  #command(command: string, args: Arguments): void {
    const [first = ''] = args.words
    switch (command) {
      case 'config':
        this.#configure(args)
        break
      case 'join':
        this.#join(first, this.#ids.has(first) ? first : '', first, args)
        break
      case 'new':
        this.#join(first, '', args.options.get('as') ?? first, args)
        break
      case 'sync':
        this.#sync(first, args)
        break
      case 'heartbeat':
        this.#say(`${first}: ${this.shard.heartbeat(this.#identity(first, args))}`)
        break
      case 'leave':
        this.#leave(args)
        break
      case 'commit':
        this.#commit(first, args)
        break
      case 'fetch':
        this.#fetch(first === 'stable')
        break
      case 'describe':
        this.#describe()
        break
      case 'list':
        this.#list(args)
        break
      default:
        this.#faultOrTime(command, first)
    }
  }

  get shard(): TestShard {
    this.#shard ??= this.#watched(new TestShard(this.#options()))
    return this.#shard
  }

  #faultOrTime(command: string, argument: string): void {
    switch (command) {
      case 'advance':
        this.shard.advance(Number(argument))
        break
      case 'hold':
        this.shard.commitsAtOnce = false
        break
      case 'release':
        this.shard.commitsAtOnce = true
        this.shard.commit()
        break
      case 'refuse':
        assert(argument === 'NOT_ENOUGH_REPLICAS' || argument === 'MESSAGE_TOO_LARGE', 'an error')
        this.shard.refusal = argument
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
        assert(false, 'a command is known', () => command)
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

  #configure({ options }: Arguments): void {
    const ms = (name: string) => Number(options.get(name))
    if (options.has('delay'))
      this.#config = { ...this.#config, initialRebalanceDelayMs: ms('delay') }
    if (options.has('max-size')) this.#config = { ...this.#config, maxSize: ms('max-size') }
    if (options.has('retention')) {
      this.#config = { ...this.#config, offsetsRetentionMs: ms('retention') }
    }
  }

  #join(name: string, memberId: string, newMemberId: string, { words, options }: Arguments): void {
    const groupInstanceId = options.get('instance') ?? this.#instances.get(name)
    if (groupInstanceId !== undefined) this.#instances.set(newMemberId, groupInstanceId)
    const topics = (options.get('topics') ?? 't').split(',')
    const owned = options.get('owned')?.split(',').map(Number) ?? []
    const names = (options.get('protocols') ?? 'range').split(',')
    const metadata = subscription(topics, owned)
    const request = {
      memberId,
      groupInstanceId,
      clientId: name,
      protocols: names.map(protocol => ({ name: protocol, metadata })),
      sessionTimeoutMs: Number(options.get('session') ?? 10_000),
      rebalanceTimeoutMs: Number(options.get('rebalance') ?? 60_000),
      requiresKnownMemberId: words.includes('v4'),
      supportsSkippingAssignment: !words.includes('old'),
    }
    this.#tell(this.shard.join(request, newMemberId), reply => this.#joined(name, reply))
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

  #identity(memberId: string, { options }: Arguments) {
    const generation = options.get('generation') ?? this.#generations.get(memberId) ?? -1
    const groupInstanceId = options.get('instance') ?? this.#instances.get(memberId)
    return { memberId, generationId: Number(generation), groupInstanceId }
  }

  #sync(memberId: string, args: Arguments): void {
    const parts = args.options.get('assign')?.split(';') ?? []
    const assignments = parts.map(part => {
      const [id = '', partitions = ''] = part.split(':')
      const numbers = partitions === '' ? [] : partitions.split(',').map(Number)
      return { memberId: id, assignment: new Uint8Array(numbers) }
    })
    const request = { ...this.#identity(memberId, args), assignments }
    this.#tell(this.shard.sync(request), ({ error, assignment }: SyncReply) => {
      return `${memberId}: ${error === 'NONE' ? `assigned (${[...assignment]})` : `sync ${error}`}`
    })
  }

  #leave({ words, options }: Arguments): void {
    const groupInstanceId = options.get('instance')
    const members =
      groupInstanceId === undefined ? words.map(memberId => ({ memberId })) : [{ groupInstanceId }]
    this.#tell(this.shard.leave(members), (reply: LeaveReply) => {
      const texts = reply.members.map(({ memberId, groupInstanceId: instance, error }) => {
        return `${memberId === '' ? instance : memberId} left: ${error}`
      })
      return texts.join(', ')
    })
  }

  #commit(memberId: string, args: Arguments): void {
    const [partition, offset] = [...args.options].find(([key]) => /^\d+$/.test(key)) ?? ['0', '0']
    const partitions = [
      { partition: Number(partition), offset: Number(offset), leaderEpoch: -1, metadata: '' },
    ]
    const topics = [{ topic: 't', topicId: undefined, partitions }]
    const who = memberId === 'admin' ? {} : this.#identity(memberId, args)
    this.#tell(this.shard.commitOffset(0, { ...who, topics }), () => {
      return `${memberId}: committed ${partition}=${offset}`
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

  #list({ options }: Arguments): void {
    const states = options.get('states')?.split(',') ?? []
    const request = { states, types: [] }
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

function beforeSign(word: string): string {
  return word.slice(0, word.indexOf('='))
}

function afterSign(word: string): string {
  return word.slice(word.indexOf('=') + 1)
}
