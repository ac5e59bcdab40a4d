// What the scripts of this folder's machines share: the arguments of a command, and the machines
// that the commands are about.

import { EpochCache } from '../epoch-cache.ts'
import type { IsrProposal } from '../isr-state.ts'
import type { FollowerFetch, PartitionFollower } from '../partition-follower.ts'
import type { PartitionLeader } from '../partition-leader.ts'
import type { ProducerStates } from '../producer-state.ts'

/** One command of a script, as the script runner of the base package hands it over. */
export interface Command {
  readonly name: string
  has(key: string): boolean
  string(key: string, otherwise?: string): string
  number(key: string, otherwise?: number): number
  numbers(key: string, otherwise?: readonly number[]): readonly number[]
  list(key: string, otherwise?: readonly string[]): readonly string[]
}

export interface ScriptState {
  leader: PartitionLeader | undefined
  follower: PartitionFollower | undefined
  producers: ProducerStates | undefined
  /** Of the log that the leader or follower has. */
  epochs: EpochCache
  /** The last one that was handed out. */
  proposal: IsrProposal | undefined
  /** What the follower asked last. */
  fetch: FollowerFetch | undefined
}

export function newScriptState(): ScriptState {
  return {
    leader: undefined,
    follower: undefined,
    producers: undefined,
    epochs: new EpochCache(),
    proposal: undefined,
    fetch: undefined,
  }
}

/** `key=(5@10,6@12)`. */
export function pairs(command: Command, key: string): readonly (readonly [number, number])[] {
  return command.list(key, []).map(text => {
    const [first = Number.NaN, second = Number.NaN] = text.split('@').map(Number)
    return [first, second]
  })
}

/** `epochs=(0@0,4@8) before=0`: where leader epochs begin, and the one before the log does. */
export function epochsOf(command: Command): EpochCache {
  const entries = pairs(command, 'epochs').map(([epoch, startOffset]) => ({ epoch, startOffset }))
  return new EpochCache(entries, command.has('before') ? command.number('before') : undefined)
}

export function needed<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the script has no ${what} yet`)
  return value
}
