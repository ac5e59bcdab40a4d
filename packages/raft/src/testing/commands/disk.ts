// `slow-disk id=1`: writes wait until `flush id=1 count=1` (all of them without a count).
// `fast-disk id=1` ends it.

import type { Command } from './command.ts'

export const slowDisk: Command = (env, command) => {
  env.at(command.number('id')).isSlow = true
}

export const fastDisk: Command = (env, command) => {
  const scripted = env.at(command.number('id'))
  scripted.isSlow = false
  env.flush(scripted, Number.MAX_SAFE_INTEGER)
}

export const flush: Command = (env, command) => {
  const count = command.number('count', Number.MAX_SAFE_INTEGER)
  env.flush(env.at(command.number('id')), count)
}
