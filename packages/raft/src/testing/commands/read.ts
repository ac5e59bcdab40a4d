// `read id=1 request=7`: asks for a linearizable read.

import type { Command } from './command.ts'
import { sayRefusal } from './command.ts'

export const read: Command = (env, command) => {
  const requestId = command.number('request')
  sayRefusal(
    env,
    env.touch(command.number('id'), node => node.readIndex(requestId)),
  )
}
