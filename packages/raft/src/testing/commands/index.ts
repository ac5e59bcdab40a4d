// The commands of raft scripts by name.

import { addNodes } from './add-nodes.ts'
import { campaign } from './campaign.ts'
import type { Command } from './command.ts'
import { compact } from './compact.ts'
import { config } from './config.ts'
import { crash, restart } from './crash.ts'
import { delay, deliverLate } from './delay.ts'
import { deliver } from './deliver.ts'
import { fastDisk, flush, slowDisk } from './disk.ts'
import { drop } from './drop.ts'
import { elect } from './elect.ts'
import { forgetLeader } from './forget-leader.ts'
import { isolate, join } from './network.ts'
import { propose } from './propose.ts'
import { read } from './read.ts'
import { stabilize } from './stabilize.ts'
import { log, status } from './status.ts'
import { tick } from './tick.ts'
import { transfer } from './transfer.ts'

export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['add-nodes', addNodes],
  ['campaign', campaign],
  ['compact', compact],
  ['config', config],
  ['crash', crash],
  ['delay', delay],
  ['deliver', deliver],
  ['deliver-late', deliverLate],
  ['drop', drop],
  ['elect', elect],
  ['fast-disk', fastDisk],
  ['flush', flush],
  ['forget-leader', forgetLeader],
  ['isolate', isolate],
  ['join', join],
  ['log', log],
  ['propose', propose],
  ['read', read],
  ['restart', restart],
  ['slow-disk', slowDisk],
  ['stabilize', stabilize],
  ['status', status],
  ['tick', tick],
  ['transfer', transfer],
])
