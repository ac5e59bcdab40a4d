// `tick ms=100`: this much time passes, for everybody at once or only for `ids=(1,2)`; `steps=3`
// that many times, delivering everything in between.

import type { Command } from './command.ts'

export const tick: Command = (env, command) => {
  const ms = command.number('ms')
  const steps = command.number('steps', 1)
  const isStable = command.has('steps')
  const all = env.nodes.map(({ id }) => id.nodeId)
  const ids = command.numbers('ids', all)
  for (let step = 0; step < steps; step++) {
    env.tick(env.nowMs + ms, ids)
    if (isStable) env.stabilize(all)
  }
}
