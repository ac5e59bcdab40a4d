// Plays a script against one membership and says what it asks of its driver.
//
//   member [cooperative] [instance=i] [topics=(t,u)] [session=ms] [heartbeat=ms]
//   joined [error=E] [as=id] [generation=n] [leader=id] [members=(a,b)] [skip]
//   assigned        synced [error=E] [partitions=(t-0,t-1)]        heartbeat [error=E]
//   revoked         leave        left [error=E]        commit-refused error=E
//   subscribe topics=(t)        rejoin reason=word        advance ms=n
//
// Answers are to the last request of their kind. `advance` stops at each deadline.

import { seededRandom } from '@klamm/base'
import { partitionsOf, partitionsText } from '../../assignors/partitions.ts'
import type { GroupError } from '../actions.ts'
import type { MembershipEffect } from '../effects.ts'
import { Membership } from '../membership.ts'

/** What is needed of a script's command: of ScriptCommand in the test tools, which are not pure. */
interface Command {
  readonly name: string
  has(key: string): boolean
  string(key: string, otherwise?: string): string
  number(key: string, otherwise?: number): number
  boolean(key: string): boolean
  list(key: string, otherwise?: readonly string[]): readonly string[]
  unknown(): never
}

type Sent = 'join' | 'assign' | 'sync' | 'heartbeat' | 'revoke' | 'leave'

export class MembershipScript {
  #member: Membership | undefined
  #nowMs = 0
  #lines: string[] = []
  #state = ''
  /** Token and time of the last request of each kind. */
  readonly #sent = new Map<Sent, { readonly token: number; readonly atMs: number }>()

  run(command: Command): string {
    this.#lines = []
    this.#perform(command)
    this.#tell()
    return this.#lines.length === 0 ? 'ok' : this.#lines.join('\n')
  }

  get #membership(): Membership {
    if (this.#member === undefined) throw new Error('there is no member yet')
    return this.#member
  }

  #perform(command: Command): void {
    switch (command.name) {
      case 'member':
        this.#open(command)
        break
      case 'joined':
        this.#joined(command)
        break
      case 'assigned':
        this.#membership.assigned(this.#token('assign'), [])
        break
      case 'synced': {
        const partitions = partitionsOf(command.list('partitions', []).map(topicPartition))
        const { token, atMs } = this.#last('sync')
        this.#membership.synced(token, errorOf(command), partitions, atMs, this.#nowMs)
        break
      }
      case 'heartbeat':
        this.#membership.heartbeatAnswered(this.#token('heartbeat'), errorOf(command), this.#nowMs)
        break
      default:
        this.#performOther(command)
    }
  }

  #performOther(command: Command): void {
    const membership = this.#membership
    switch (command.name) {
      case 'revoked':
        membership.revoked(this.#token('revoke'), this.#nowMs)
        break
      case 'leave':
        membership.leave()
        break
      case 'left':
        if (!membership.leaveAnswered(this.#token('leave'), errorOf(command))) {
          this.#lines.push('try again')
        }
        break
      case 'commit-refused': {
        const generationId = command.number('generation', membership.generationId)
        const identity = { memberId: membership.memberId, generationId }
        membership.commitRefused(identity, errorOf(command), this.#nowMs)
        break
      }
      case 'subscribe':
        membership.subscribe(command.list('topics'), this.#nowMs)
        break
      case 'rejoin':
        membership.requestRejoin(command.string('reason'), this.#nowMs)
        break
      case 'advance':
        this.#advance(command.number('ms'))
        break
      default:
        command.unknown()
    }
  }

  #open(command: Command): void {
    const options = {
      groupInstanceId: command.has('instance') ? command.string('instance') : undefined,
      sessionTimeoutMs: command.number('session', 45_000),
      heartbeatIntervalMs: command.number('heartbeat', 3_000),
      isCooperative: command.boolean('cooperative'),
      retry: { initialMs: 100, maxMs: 1_000 },
    }
    this.#member = new Membership(options, seededRandom(1))
    this.#member.start(command.list('topics', ['t']), this.#nowMs)
  }

  #joined(command: Command): void {
    const memberId = command.string('as', this.#membership.memberId || 'a')
    const answer = {
      error: errorOf(command),
      memberId,
      generationId: command.number('generation', this.#membership.generationId + 1 || 1),
      leader: command.string('leader', memberId),
      protocolName: 'range',
      skipAssignment: command.boolean('skip'),
      members: command.list('members', [memberId]).map(id => {
        return { memberId: id, groupInstanceId: undefined, metadata: new Uint8Array(0) }
      }),
    }
    const { token, atMs } = this.#last('join')
    this.#membership.joined(token, answer, atMs, this.#nowMs)
  }

  #advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      const nextMs = this.#membership.nextDeadlineMs()
      if (nextMs === undefined || nextMs > untilMs) break
      this.#nowMs = Math.max(this.#nowMs, Math.ceil(nextMs))
      this.#membership.tick(this.#nowMs)
      this.#take(`${this.#nowMs}: `)
    }
    this.#nowMs = untilMs
  }

  #tell(): void {
    this.#take('')
    const { state, memberId, generationId, commitIdentity } = this.#membership
    const who = memberId === '' ? 'nobody' : memberId
    const commits = commitIdentity === undefined ? '' : ' commits'
    const text = `${state} ${who} generation=${generationId}${commits}`
    if (text !== this.#state) this.#lines.push(text)
    this.#state = text
  }

  #take(prefix: string): void {
    for (const effect of this.#membership.takeEffects()) {
      this.#note(effect)
      this.#lines.push(`${prefix}${effectText(effect)}`)
    }
  }

  #note(effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'join':
      case 'assign':
      case 'sync':
      case 'heartbeat':
      case 'revoke':
      case 'leave':
        this.#sent.set(effect.kind, { token: effect.token, atMs: this.#nowMs })
        break
      default:
    }
  }

  #last(kind: Sent): { readonly token: number; readonly atMs: number } {
    const sent = this.#sent.get(kind)
    if (sent === undefined) throw new Error(`there was no ${kind}`)
    return sent
  }

  #token(kind: Sent): number {
    return this.#last(kind).token
  }
}

function effectText(effect: MembershipEffect): string {
  switch (effect.kind) {
    case 'join': {
      const who = effect.memberId === '' ? 'nobody' : effect.memberId
      const owned = `${partitionsText(effect.owned)} since ${effect.generationId}`
      return `-> join as ${who} owning ${owned} (${effect.reason})`
    }
    case 'assign':
      return `-> assign ${effect.protocolName} (${effect.members.map(each => each.memberId)})`
    case 'sync':
      return `-> sync generation=${effect.identity.generationId}`
    case 'heartbeat':
      return `-> heartbeat generation=${effect.identity.generationId}`
    case 'leave':
      return `-> leave ${effect.memberId}`
    case 'forgetCoordinator':
      return '-> find the coordinator'
    case 'revoke':
      return `revoke ${partitionsText(effect.partitions)}`
    case 'lose':
      return `lose ${partitionsText(effect.partitions)}`
    case 'own':
      return `own ${partitionsText(effect.partitions)} added ${partitionsText(effect.added)}`
    case 'stalled':
      return `stalled ${effect.lateMs} ms`
    case 'failed':
      return `failed ${effect.error} during ${effect.during}`
    default:
      return effect.kind
  }
}

function errorOf(command: Command): GroupError {
  return command.string('error', 'NONE') as GroupError
}

function topicPartition(text: string) {
  const at = text.lastIndexOf('-')
  return { topic: text.slice(0, at), partition: Number(text.slice(at + 1)) }
}
