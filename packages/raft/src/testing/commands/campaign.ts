// `campaign id=1`: asks for votes now.

import type { Command } from './command.ts'

export const campaign: Command = (env, command) => {
  env.touch(command.number('id'), node => node.campaign())
}
