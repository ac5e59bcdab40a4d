// The stage of a raft script: a few nodes, their disks, the packets between them, and the time.
// Every input to a node is followed by all it wants done; what it did is the output of the command.

import { seededRandom } from '@klamm/base'
import { ScriptError } from '@klamm/base/testing'
import { type RaftConfig, raftConfig } from '../config.ts'
import { describeMessage, describeReady, describeVoter } from '../describe.ts'
import type { Packet } from '../message.ts'
import { RaftNode, type Unreadable } from '../raft-node.ts'
import type { Ready } from '../ready.ts'
import { bootstrapState, type VoterId } from '../types.ts'
import { testVoter } from './ids.ts'
import { Machine } from './machine.ts'
import { SimDisk } from './sim-disk.ts'

export interface ScriptNode {
  readonly id: VoterId
  disk: SimDisk
  /** Writes wait for the command `flush`. */
  isSlow: boolean
  machine: Machine
  node: RaftNode | undefined
}

/** Which packets a command is about; what is left out matches all. */
export interface PacketFilter {
  readonly from?: number
  readonly to?: number
  readonly kind?: string
}

export class ScriptEnv {
  nowMs = 0
  /** On their way, oldest first. */
  packets: Packet[] = []
  /** Taken out of the way by `delay`, to arrive by `deliver-late`. */
  late: Packet[] = []
  readonly #nodes = new Map<number, ScriptNode>()
  readonly #cut = new Set<string>()
  readonly #config: RaftConfig
  #output: string[] = []

  constructor(config: Partial<RaftConfig> = {}) {
    this.#config = raftConfig({ compactionMarginEntries: 0, ...config })
  }

  get nodes(): readonly ScriptNode[] {
    return [...this.#nodes.values()]
  }

  at(nodeId: number): ScriptNode {
    const node = this.#nodes.get(nodeId)
    if (node === undefined) throw new ScriptError(`there is no node ${nodeId}`)
    return node
  }

  running(nodeId: number): RaftNode {
    const { node } = this.at(nodeId)
    if (node === undefined) throw new ScriptError(`node ${nodeId} is down`)
    return node
  }

  /**
   * A node with a fresh directory; `voters` is what its bootstrap says, none for one that joins.
   */
  add(nodeId: number, generation: number, voters: readonly VoterId[]): ScriptNode {
    const id = testVoter(nodeId, generation)
    const disk = new SimDisk(bootstrapState({ voters }))
    const added = { id, disk, isSlow: false, machine: new Machine(), node: undefined }
    this.#nodes.set(nodeId, added)
    return added
  }

  start(scripted: ScriptNode, unreadable?: Unreadable): void {
    const { disk, id } = scripted
    const contacts = this.nodes.map(other => other.id.nodeId)
    scripted.machine = new Machine()
    if (disk.state.snapshot.index > 0) scripted.machine.restore(disk.state.snapshot)
    scripted.node = new RaftNode({
      id,
      config: this.#config,
      state: unreadable ?? disk.state,
      contacts,
      random: seededRandom(id.nodeId),
      nowMs: this.nowMs,
    })
    this.drain(scripted)
  }

  // --- inputs ---------------------------------------------------------------------------------

  /** Gives an input to a node and does all that it wants done. */
  touch<T>(nodeId: number, input: (node: RaftNode) => T): T {
    const result = input(this.running(nodeId))
    this.drain(this.at(nodeId))
    return result
  }

  drain(scripted: ScriptNode): void {
    const { node } = scripted
    while (node?.hasReady() === true) {
      const ready = node.ready()
      this.#say(scripted, ready)
      this.packets.push(...ready.send)
      if (ready.restore !== undefined) scripted.machine.restore(ready.restore)
      for (const entry of ready.apply) scripted.machine.apply(entry)
      if (ready.write === undefined) continue
      scripted.disk.enqueue(ready.id, ready.write)
      if (!scripted.isSlow) this.flush(scripted, 1)
    }
  }

  flush(scripted: ScriptNode, count: number): void {
    for (let i = 0; i < count && scripted.disk.queueLength > 0; i++) {
      scripted.node?.persisted(scripted.disk.flushNext())
      this.drain(scripted)
    }
  }

  tick(nowMs: number, nodeIds: readonly number[]): void {
    this.nowMs = nowMs
    for (const nodeId of nodeIds) {
      const scripted = this.at(nodeId)
      scripted.node?.tick(nowMs)
      this.drain(scripted)
    }
  }

  // --- network --------------------------------------------------------------------------------

  /** Takes the packets that match out of the way, at most `count`. */
  take(filter: PacketFilter, count = Number.POSITIVE_INFINITY): Packet[] {
    const taken: Packet[] = []
    this.packets = this.packets.filter(packet => {
      if (taken.length >= count || !matches(packet, filter)) return true
      taken.push(packet)
      return false
    })
    return taken
  }

  deliver(packet: Packet): void {
    const route = `${packet.from.nodeId}>${packet.to.nodeId}`
    const target = this.#nodes.get(packet.to.nodeId)
    if (target?.node === undefined || this.#cut.has(route)) return
    target.node.step(packet, this.nowMs)
    this.drain(target)
  }

  /** Delivers what is on its way, and what comes of it, until nothing is. */
  stabilize(among: readonly number[]): void {
    for (let i = 0; i < stepsMax; i++) {
      const next = this.packets.findIndex(
        ({ from, to }) => among.includes(from.nodeId) && among.includes(to.nodeId),
      )
      if (next < 0) return
      const [packet] = this.packets.splice(next, 1)
      if (packet !== undefined) this.deliver(packet)
    }
    throw new ScriptError('the nodes never come to rest')
  }

  isolate(nodeId: number): void {
    for (const other of this.#nodes.keys()) {
      this.#cut.add(`${nodeId}>${other}`)
      this.#cut.add(`${other}>${nodeId}`)
    }
  }

  join(): void {
    this.#cut.clear()
  }

  // --- output ---------------------------------------------------------------------------------

  say(line: string): void {
    this.#output.push(line)
  }

  /** Forgets what was said: the step is not what the story is about. */
  silence(): void {
    this.#output = []
  }

  #say({ id }: ScriptNode, ready: Ready): void {
    const text = describeReady({ ...ready, send: [] })
    for (const line of text.split('\n')) if (line !== '') this.say(`${id.nodeId}: ${line}`)
    for (const { message, to } of ready.send) {
      this.say(`${id.nodeId}: -> ${describeVoter(to)} ${describeMessage(message)}`)
    }
  }

  /** What was said since the last call, with short names: `2` for node 2, `2.1` in directory 1. */
  takeOutput(): string {
    let text = this.#output.join('\n')
    this.#output = []
    for (let nodeId = 1; nodeId < 10; nodeId++) {
      for (let generation = 0; generation < 3; generation++) {
        const name = generation === 0 ? `${nodeId}` : `${nodeId}.${generation}`
        text = text.replaceAll(describeVoter(testVoter(nodeId, generation)), name)
      }
      text = text.replaceAll(`${nodeId}@AAAA`, `${nodeId}.any`)
    }
    return text
  }
}

function matches({ from, message, to }: Packet, filter: PacketFilter): boolean {
  return (
    (filter.from === undefined || from.nodeId === filter.from) &&
    (filter.to === undefined || to.nodeId === filter.to) &&
    (filter.kind === undefined || message.kind === filter.kind)
  )
}

const stepsMax = 1000
