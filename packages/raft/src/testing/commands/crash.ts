// `crash id=1`: the process ends, writes that are not flushed are lost. `restart id=1` brings it
// back; `unreadable` as if its state could not be read.

import { seededRandom } from '@klamm/base'
import { SimDisk } from '../sim-disk.ts'
import type { Command } from './command.ts'

export const crash: Command = (env, command) => {
  const scripted = env.at(command.number('id'))
  scripted.node = undefined
  scripted.disk = new SimDisk(scripted.disk.state)
  scripted.disk.crash(seededRandom(0))
}

export const restart: Command = (env, command) => {
  const scripted = env.at(command.number('id'))
  const isUnreadable = command.boolean('unreadable')
  env.start(scripted, isUnreadable ? { unreadable: 'the checksum is wrong' } : undefined)
}
