// `forget-leader id=1 leader=2`: the driver of node 1 has seen the end of node 2.

import type { Command } from './command.ts'

export const forgetLeader: Command = (env, command) => {
  env.touch(command.number('id'), node => node.forgetLeader(command.number('leader')))
}
