// `status`: all nodes; `status id=1`: one; `log id=1`: the entries it keeps.

import { describeEntry, describeStatus } from '../../describe.ts'
import type { Command } from './command.ts'

export const status: Command = (env, command) => {
  const nodeIds = command.has('id')
    ? [command.number('id')]
    : env.nodes.filter(({ node }) => node !== undefined).map(({ id }) => id.nodeId)
  for (const nodeId of nodeIds) env.say(describeStatus(env.running(nodeId).status()))
}

export const log: Command = (env, command) => {
  for (const entry of env.running(command.number('id')).entries(1)) env.say(describeEntry(entry))
}
