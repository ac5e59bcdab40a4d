// `transfer id=1 to=2`: hands leadership over; without `to` to the most up to date voter.

import { testVoter } from '../ids.ts'
import type { Command } from './command.ts'
import { sayRefusal } from './command.ts'

export const transfer: Command = (env, command) => {
  const to = command.has('to') ? testVoter(command.number('to')) : undefined
  sayRefusal(
    env,
    env.touch(command.number('id'), node => node.transferLeadership(to)),
  )
}
