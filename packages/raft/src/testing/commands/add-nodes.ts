// `add-nodes voters=(1,2,3)`: a new cluster. `add-nodes ids=(4)`: nodes that join it as observers;
// `generation=1` for a node that comes back with a fresh directory.

import type { VoterId } from '../../types.ts'
import { testVoter } from '../ids.ts'
import type { Command } from './command.ts'

export const addNodes: Command = (env, command) => {
  const voters: VoterId[] = command.numbers('voters', []).map(nodeId => testVoter(nodeId))
  const ids = command.numbers(
    'ids',
    voters.map(voter => voter.nodeId),
  )
  const generation = command.number('generation', 0)
  for (const nodeId of ids) env.add(nodeId, generation, voters)
  for (const nodeId of ids) env.start(env.at(nodeId))
}
