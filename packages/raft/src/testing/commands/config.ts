// `config id=1 add=4` or `config id=1 remove=3`: one voter more or less; `generation=1` for another
// directory than the first.

import { testVoter } from '../ids.ts'
import type { Command } from './command.ts'
import { sayRefusal } from './command.ts'

export const config: Command = (env, command) => {
  const kind = command.has('add') ? 'addVoter' : 'removeVoter'
  const nodeId = command.number(kind === 'addVoter' ? 'add' : 'remove')
  const voter = testVoter(nodeId, command.number('generation', 0))
  sayRefusal(
    env,
    env.touch(command.number('id'), node => node.proposeConfigChange({ kind, voter })),
  )
}
