// `propose id=1 data=x`: one entry with this text.

import type { Command } from './command.ts'
import { sayRefusal } from './command.ts'

export const propose: Command = (env, command) => {
  const text = command.string('data')
  const data = Uint8Array.from(text, character => character.charCodeAt(0))
  sayRefusal(
    env,
    env.touch(command.number('id'), node => node.propose(data)),
  )
}
