// `drop to=3`: the network loses what matches (from=, to=, kind=); without arguments everything.

import { type Command, packetFilter } from './command.ts'

export const drop: Command = (env, command) => {
  env.say(`lost ${env.take(packetFilter(command)).length} packets`)
}
