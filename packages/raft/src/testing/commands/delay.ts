// `delay to=2`: what matches is on a slow way and arrives by `deliver-late`. `copy` leaves the
// original in place.

import { describePacket } from '../../describe.ts'
import { type Command, packetFilter } from './command.ts'

export const delay: Command = (env, command) => {
  const isCopy = command.boolean('copy')
  const before = [...env.packets]
  const packets = env.take(packetFilter(command))
  if (isCopy) env.packets = before
  env.late.push(...packets)
  for (const packet of packets) env.say(`later ${describePacket(packet)}`)
}

/** `deliver-late`: what was delayed arrives now, in its order. */
export const deliverLate: Command = env => {
  const packets = env.late
  env.late = []
  for (const packet of packets) env.deliver(packet)
}
