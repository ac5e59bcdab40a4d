// `stabilize`: delivers everything until all is quiet. `stabilize nodes=(1,2)`: only among these;
// the rest stays on its way.

import type { Command } from './command.ts'

export const stabilize: Command = (env, command) => {
  const all = env.nodes.map(({ id }) => id.nodeId)
  env.stabilize(command.numbers('nodes', all))
}
