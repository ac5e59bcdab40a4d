// A member of a group in a simulation: joins, reads what it is assigned, commits, leaves or falls
// silent, and comes back. A commit without answer makes it another member, so that a late arrival
// of that commit cannot be taken for its successor's.

import { decodeAssignment, encodeAssignment, type JoinGroupResponse } from '@klamm/protocol'
import type { Checkers } from './checkers.ts'
import {
  commitOffset,
  fetchOffsets,
  findCoordinator,
  heartbeat,
  joinGroup,
  leaveGroup,
  type Member,
  syncGroup,
} from './consumer-requests.ts'
import type { GroupGhost } from './group-ghost.ts'
import { PartitionReader } from './partition-reader.ts'
import {
  type BrokerAddress,
  SimClient,
  type SimClientOptions,
  type TopicMetadata,
} from './sim-client.ts'

export interface SimConsumerOptions extends SimClientOptions {
  readonly groupId: string
  readonly topic: string
  readonly ghost: GroupGhost
  readonly checkers: Checkers
}

const heartbeatIntervalMs = 500
/** Of one turn: commits, falls silent for longer than its session lasts, leaves. */
const chances = { commit: 0.3, silence: 0.01, leave: 0.01 }

/** What to do after an answer: stay in the generation, join again, or join as somebody else. */
type Next = 'stay' | 'rejoin' | 'renew'

export class SimConsumer {
  readonly #options: SimConsumerOptions
  readonly #client: SimClient
  #memberId = ''
  #topic: TopicMetadata | undefined
  #isStopped = false
  #loop: Promise<void> | undefined
  readonly failures: unknown[] = []

  constructor(options: SimConsumerOptions) {
    this.#options = options
    this.#client = new SimClient(options)
  }

  start(): void {
    this.#loop = this.#run().catch((error: unknown) => {
      this.failures.push(error)
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#loop
    this.#client.close()
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const topic = await this.#client.topic(this.#options.topic)
      if (topic?.error === 'NONE') this.#topic = topic
      const coordinator = await findCoordinator(this.#client, this.#options.groupId)
      if (coordinator !== undefined && this.#topic !== undefined) {
        await this.#takePart(coordinator, this.#topic)
      }
      await this.#client.pause()
    }
  }

  /** One generation, from joining to its end. */
  async #takePart(coordinator: BrokerAddress, { topicId }: TopicMetadata): Promise<void> {
    const { ghost, groupId, checkers } = this.#options
    const member = await this.#join(coordinator)
    if (member === undefined) return
    const partitions = await this.#sync(coordinator, member.joined, member)
    if (partitions === undefined) return
    ghost.assigned(member.generation, member.memberId, partitions)
    const asked = ghost.offsetsAsked()
    const found = await fetchOffsets(this.#client, coordinator, groupId, topicId, partitions)
    if (found === undefined) return
    const readers = found.map(({ partition, offset, leaderEpoch }) => {
      ghost.offsetFound(partition, offset, asked)
      const start = { partition, offset: Math.max(offset, 0), leaderEpoch }
      return new PartitionReader(this.#client, checkers, start)
    })
    const next = await this.#consume(coordinator, member, readers)
    if (next === 'renew') this.#memberId = ''
  }

  async #join(
    coordinator: BrokerAddress,
  ): Promise<(Member & { readonly joined: JoinGroupResponse }) | undefined> {
    const { groupId, topic } = this.#options
    const joined = await joinGroup(this.#client, coordinator, groupId, this.#memberId, topic)
    if (joined?.error === 'MEMBER_ID_REQUIRED') this.#memberId = joined.memberId
    else if (joined?.error === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
    if (joined?.error !== 'NONE') return undefined
    this.#memberId = joined.memberId
    return { groupId, memberId: joined.memberId, generation: joined.generationId, joined }
  }

  /** The partitions of this member. */
  async #sync(
    coordinator: BrokerAddress,
    { leader, members }: JoinGroupResponse,
    member: Member,
  ): Promise<readonly number[] | undefined> {
    const ids = leader === member.memberId ? members.map(({ memberId }) => memberId) : []
    const { topic } = this.#options
    const count = this.#topic?.partitionCount ?? 0
    const assignments = ids.map((memberId, i) => {
      const partitions = Array.from({ length: count }, (_, p) => p).filter(
        p => p % ids.length === i,
      )
      const assignedPartitions = [{ topic, partitions }]
      return { memberId, assignment: encodeAssignment({ assignedPartitions, userData: null }) }
    })
    const synced = await syncGroup(this.#client, coordinator, member, assignments)
    if (synced?.error === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
    if (synced?.error !== 'NONE') return undefined
    return decodeAssignment(synced.assignment).assignedPartitions[0]?.partitions ?? []
  }

  async #consume(
    coordinator: BrokerAddress,
    member: Member,
    readers: readonly PartitionReader[],
  ): Promise<Next> {
    const { env, random } = this.#client
    let lastHeartbeatMs = env.clock.monotonicMs()
    while (!this.#isStopped) {
      await this.#readSome(readers)
      if (random.chance(chances.silence)) await env.clock.sleep(1_000 + random.float() * 4_000)
      if (readers.length > 0 && random.chance(chances.commit)) {
        const next = await this.#commit(coordinator, member, random.pick(readers))
        if (next !== 'stay') return next
      }
      if (env.clock.monotonicMs() - lastHeartbeatMs < heartbeatIntervalMs) continue
      lastHeartbeatMs = env.clock.monotonicMs()
      const next = nextAfter(await heartbeat(this.#client, coordinator, member))
      if (next !== 'stay') return next
      if (!random.chance(chances.leave)) continue
      await leaveGroup(this.#client, coordinator, member)
      return 'renew'
    }
    return 'stay'
  }

  async #readSome(readers: readonly PartitionReader[]): Promise<void> {
    const { env, random } = this.#client
    const topic = this.#topic
    if (topic === undefined || readers.length === 0) return env.clock.sleep(100)
    const reader = random.pick(readers)
    const isFresh = await reader.read(topic)
    this.#options.ghost.consumed(reader.partition, reader.offset)
    if (isFresh) return
    const known = await this.#client.topic(this.#options.topic)
    if (known?.error === 'NONE') this.#topic = known
    await this.#client.pause()
  }

  async #commit(
    coordinator: BrokerAddress,
    member: Member,
    reader: PartitionReader,
  ): Promise<Next> {
    const { ghost } = this.#options
    const { partition, offset, leaderEpoch } = reader
    const sent = ghost.commitSent(member.generation, partition, offset)
    const topicId = this.#topic?.topicId ?? ''
    const place = { partition, offset, leaderEpoch }
    const error = await commitOffset(this.#client, coordinator, member, topicId, place)
    if (error === 'NONE') ghost.commitAcked(sent)
    return error === undefined || error === 'REQUEST_TIMED_OUT' ? 'renew' : nextAfter(error)
  }
}

function nextAfter(error: string | undefined): Next {
  switch (error) {
    case 'NONE':
      return 'stay'
    case 'UNKNOWN_MEMBER_ID':
    case 'FENCED_INSTANCE_ID':
      return 'renew'
    default:
      return 'rejoin'
  }
}
