// `compact id=1`: a snapshot of what is applied replaces the log before it.

import type { Command } from './command.ts'

export const compact: Command = (env, command) => {
  const { id, machine } = env.at(command.number('id'))
  env.touch(id.nodeId, node => node.compact(machine.index, machine.snapshot()))
}
