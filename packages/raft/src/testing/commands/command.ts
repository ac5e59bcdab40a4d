// What a command of a raft script is: a function of the stage and the arguments.

import type { ScriptCommand } from '@klamm/base/testing'
import { describeRefusal } from '../../describe.ts'
import type { Refused } from '../../results.ts'
import type { PacketFilter, ScriptEnv } from '../script-env.ts'

export type Command = (env: ScriptEnv, command: ScriptCommand) => void

/** `from=`, `to=` and `kind=`, each of which may be left out. */
export function packetFilter(command: ScriptCommand): PacketFilter {
  return {
    ...(command.has('from') ? { from: command.number('from') } : {}),
    ...(command.has('to') ? { to: command.number('to') } : {}),
    ...(command.has('kind') ? { kind: command.string('kind') } : {}),
  }
}

/** Says why a node refused what it was asked. */
export function sayRefusal(env: ScriptEnv, result: { ok: true } | Refused<string>): void {
  if (!result.ok) env.say(describeRefusal(result))
}
