// `elect id=1`: lets an election timeout pass and the node campaign until it leads; `nodes=(1,2)`
// are those it can reach. Only what elections need is delivered, what follows stays on its way.

import type { Command } from './command.ts'

export const elect: Command = (env, command) => {
  const nodeId = command.number('id')
  const nodes = command.numbers(
    'nodes',
    env.nodes.map(({ id }) => id.nodeId),
  )
  // Nobody remembers a leader, but no timer goes off either: nodes look at the clock when told to.
  env.nowMs += 1000
  for (let attempt = 0; attempt < 3; attempt++) {
    env.touch(nodeId, node => node.campaign())
    for (const kind of ['preVote', 'preVoteResponse', 'vote', 'voteResponse']) {
      for (const packet of env.take({ kind })) {
        const isReachable = nodes.includes(packet.from.nodeId) && nodes.includes(packet.to.nodeId)
        if (isReachable) env.deliver(packet)
      }
    }
    const { role, term } = env.running(nodeId).status()
    env.silence()
    if (role !== 'leader') continue
    env.say(`${nodeId} leads term ${term}`)
    return
  }
  env.say(`${nodeId} does not get elected`)
}
