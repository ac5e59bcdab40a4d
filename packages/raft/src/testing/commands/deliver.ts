// `deliver to=2 kind=append`: delivers what matches (from=, to=, kind=, count=), without what
// follows.

import { type Command, packetFilter } from './command.ts'

export const deliver: Command = (env, command) => {
  const filter = packetFilter(command)
  const packets = env.take(filter, command.number('count', Number.MAX_SAFE_INTEGER))
  if (packets.length === 0) env.say('nothing to deliver')
  for (const packet of packets) env.deliver(packet)
}
