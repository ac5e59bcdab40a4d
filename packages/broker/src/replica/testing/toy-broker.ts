// A broker with one replica of one partition: drives the machines over a toy log as the real
// drivers do, but in virtual time. It decides nothing that the machines decide.

import type { ErrorName } from '@klamm/protocol/errors'
import type { CommittedIsr, IsrProposal } from '../isr-state.ts'
import type { FollowerFetch, PartitionFollower } from '../partition-follower.ts'
import type { PartitionLeader } from '../partition-leader.ts'
import type { Checker } from './checker.ts'
import type { Parts } from './parts.ts'
import type { ToyController, ToyImage } from './toy-controller.ts'
import { ToyLog } from './toy-log.ts'
import type { FetchAnswer, ToyProduce, ToyProduceAnswer } from './toy-messages.ts'
import type { Endpoint, World } from './world.ts'

export interface ToyBrokerOptions {
  readonly id: number
  readonly world: World
  readonly controller: ToyController
  readonly parts: Parts
  readonly checker: Checker
  readonly minInsyncReplicas: number
  readonly replicaLagTimeMaxMs: number
  readonly flushMs: number
  /** Longest time that a proposal needs to the controller, beyond that of other messages. */
  readonly proposalMs: number
}

interface Waiter {
  readonly endOffset: number
  readonly reply: (answer: ToyProduceAnswer) => void
  readonly baseOffset: number
}

const idlePollMs = 15
const fetchTimeoutMs = 80
const proposalTimeoutMs = 120
const batchesPerFetch = 4

export class ToyBroker implements Endpoint {
  readonly id: number
  readonly name: string
  readonly #options: ToyBrokerOptions
  readonly log: ToyLog
  incarnation = 0
  isUp = true
  brokerEpoch: number
  leader: PartitionLeader | undefined
  follower: PartitionFollower | undefined
  peers: readonly ToyBroker[] = []
  #image: ToyImage | undefined
  #appliedImages = 0
  /** Images before this one are of the past, when this broker was another incarnation. */
  #firstImage = 0
  #highWatermark = 0
  /** What a checkpoint of the high watermark would have: some time old. */
  #checkpoint = 0
  #waiters: Waiter[] = []
  #isFlushing = false
  #isFetching = false

  constructor(options: ToyBrokerOptions) {
    this.id = options.id
    this.name = `broker ${options.id}`
    this.#options = options
    this.log = new ToyLog(options.parts)
    this.brokerEpoch = options.controller.brokerEpoch(options.id)
  }

  /** What readers on this broker may see. */
  get highWatermark(): number {
    const machine = this.leader ?? this.follower
    return machine === undefined ? this.#highWatermark : machine.highWatermark
  }

  get leaderEpoch(): number {
    return this.leader?.leaderEpoch ?? this.follower?.leaderEpoch ?? -1
  }

  crash(lose: boolean): void {
    const { world, checker } = this.#options
    if (lose) this.log.lose(world.random)
    else this.log.crash(world.random)
    this.isUp = false
    this.incarnation += 1
    this.leader = undefined
    this.follower = undefined
    this.#waiters = []
    this.#isFlushing = false
    this.#isFetching = false
    checker.crashed(this, lose)
  }

  start(isLogWhole: boolean): void {
    const { controller, parts, checker } = this.#options
    this.isUp = true
    this.#highWatermark = Math.max(
      Math.min(this.#checkpoint, this.log.durableEndOffset),
      this.log.logStartOffset,
    )
    parts.opened(this.log, this.#highWatermark)
    this.#highWatermark = Math.min(this.#highWatermark, this.log.logEndOffset)
    this.brokerEpoch = controller.register(this.id, isLogWhole)
    this.#firstImage = parts.leadsAgain ? 0 : controller.images.length - 1
    this.#appliedImages = this.#firstImage
    this.#image = undefined
    checker.started(this)
  }

  /** The metadata up to the image before `count` have arrived here. */
  applyMetadata(count: number): void {
    if (!this.isUp) return
    while (this.#appliedImages < count) {
      const image = this.#options.controller.images[this.#appliedImages]
      this.#appliedImages += 1
      if (image !== undefined && this.isUp) this.#apply(image)
    }
  }

  tick(): void {
    if (this.leader === undefined) return
    this.leader.tick(this.#options.world.nowMs)
    this.#perform(this.leader)
    this.#checkpoint = this.highWatermark
  }

  /** Retention, on the leader. */
  advanceStart(offset: number): void {
    if (this.leader === undefined || offset > this.leader.highWatermark) return
    this.log.advanceStart(offset)
    this.leader.logStartAdvanced(offset)
    this.#flush()
  }

  produce(request: ToyProduce, reply: (answer: ToyProduceAnswer) => void): void {
    const { leader } = this
    const error = leader?.appendError(-1) ?? 'NOT_LEADER_OR_FOLLOWER'
    if (leader === undefined || error !== 'NONE') {
      reply({ error, baseOffset: -1 })
      return
    }
    const verdict = this.log.producers.check(request)
    if (verdict.kind === 'accept') this.#appendProduced(leader, request, reply)
    else if (verdict.kind === 'error') reply({ error: verdict.error, baseOffset: -1 })
    else {
      const { baseOffset, lastOffset } = verdict
      this.#whenCommitted(leader, { baseOffset, endOffset: lastOffset + 1, reply })
    }
  }

  #appendProduced(
    leader: PartitionLeader,
    request: ToyProduce,
    reply: (answer: ToyProduceAnswer) => void,
  ): void {
    const baseOffset = this.log.logEndOffset
    const endOffset = baseOffset + request.lastOffsetDelta + 1
    this.log.append({
      ...request,
      baseOffset,
      lastOffset: endOffset - 1,
      partitionLeaderEpoch: leader.leaderEpoch,
      maxTimestamp: request.id,
      index: this.log.nextIndex,
    })
    this.#options.checker.leaderAppended(this)
    leader.appended(this.log.logEndOffset)
    if (this.#options.parts.isVisibleDurable) this.#becameDurable(endOffset)
    this.#flush()
    this.#whenCommitted(leader, { baseOffset, endOffset, reply })
  }

  #apply(image: ToyImage): void {
    if (this.#image !== undefined && image.leaderEpoch === this.#image.leaderEpoch) {
      this.#image = image
      this.leader?.brokersChanged(image.eligible)
      this.leader?.controllerUpdate(image)
      if (this.leader !== undefined) this.#perform(this.leader)
      return
    }
    this.#image = image
    this.#highWatermark = this.highWatermark
    for (const waiter of this.#waiters.splice(0)) {
      waiter.reply({ error: 'NOT_LEADER_OR_FOLLOWER', baseOffset: -1 })
    }
    this.leader = undefined
    this.follower = undefined
    if (image.leader === this.id) this.#lead(image)
    else if (image.leader >= 0) this.#follow(image)
  }

  #lead(image: ToyImage): void {
    const { parts, world, minInsyncReplicas, replicaLagTimeMaxMs, checker } = this.#options
    parts.leading(this.log)
    this.leader = parts.newLeader({
      brokerId: this.id,
      brokerEpoch: this.brokerEpoch,
      partition: image,
      eligibleBrokers: image.eligible,
      minInsyncReplicas,
      replicaLagTimeMaxMs,
      offsets: this.#offsets(),
      epochs: this.log.epochs,
      nowMs: world.nowMs,
    })
    checker.led(this)
    this.#perform(this.leader)
  }

  #follow(image: ToyImage): void {
    this.follower = this.#options.parts.newFollower({
      leaderEpoch: image.leaderEpoch,
      offsets: this.#offsets(),
      epochs: this.log.epochs,
      lossIsAccepted: false,
    })
    this.#fetch()
    this.#flush()
  }

  #offsets() {
    const { logStartOffset, durableEndOffset, logEndOffset } = this.log
    return { logStartOffset, highWatermark: this.#highWatermark, durableEndOffset, logEndOffset }
  }

  /** Group commit: one flush at a time takes everything that is there when it begins. */
  #flush(): void {
    const { world, flushMs } = this.#options
    if (this.#isFlushing || this.log.isDurable) return
    this.#isFlushing = true
    const end = this.log.flush()
    const { incarnation } = this
    world.after(1 + world.random.below(flushMs), () => {
      if (this.incarnation !== incarnation) return
      this.#isFlushing = false
      if (end()) this.#becameDurable(this.log.durableEndOffset)
      this.#flush()
    })
  }

  #becameDurable(endOffset: number): void {
    const { leader, follower } = this
    if (leader !== undefined && endOffset <= leader.logEndOffset) {
      leader.durable(endOffset)
      this.#perform(leader)
    }
    if (follower !== undefined && endOffset <= follower.logEndOffset) {
      follower.durable(endOffset)
      this.#followerChanged(follower)
      this.#fetch()
    }
  }

  #perform(leader: PartitionLeader): void {
    for (const effect of leader.takeEffects()) {
      if (effect.kind === 'proposeIsr') this.#propose(leader, effect)
      else {
        this.#options.checker.highWatermarkAdvanced(this)
        this.#settle(leader)
      }
    }
  }

  #settle(leader: PartitionLeader): void {
    this.#waiters = this.#waiters.filter(waiter => {
      const result = leader.commitResult(waiter.endOffset)
      if (result === 'waiting') return true
      this.#answer(waiter, result)
      return false
    })
  }

  #whenCommitted(leader: PartitionLeader, waiter: Waiter): void {
    const result = leader.commitResult(waiter.endOffset)
    if (result === 'waiting') this.#waiters.push(waiter)
    else this.#answer(waiter, result)
  }

  #answer({ baseOffset, reply }: Waiter, error: ErrorName): void {
    if (error === 'NONE') this.#options.checker.acknowledged(this, baseOffset)
    reply({ error, baseOffset: error === 'NONE' ? baseOffset : -1 })
  }

  #propose(leader: PartitionLeader, proposal: IsrProposal): void {
    const { world, controller, parts } = this.#options
    parts.proposing(leader, proposal)
    const { incarnation, brokerEpoch } = this
    const delayMs = world.isHealed ? 0 : world.random.below(this.#options.proposalMs)
    world.after(proposal.delayMs + delayMs, () => {
      if (this.incarnation !== incarnation) return
      world.request<ErrorName | CommittedIsr>(
        this,
        controllerEndpoint,
        proposalTimeoutMs,
        // Late, twice, after its retry: whatever a network and broken connections can do.
        reply => reply(controller.alterPartition(this.id, brokerEpoch, proposal)),
        answer => {
          if (this.incarnation !== incarnation) return
          if (answer === undefined) leader.isrProposalFailed('UNKNOWN', proposal)
          else if (typeof answer === 'string') leader.isrProposalFailed(answer, proposal)
          else leader.isrCommitted(answer, proposal)
          if (leader === this.leader) this.#perform(leader)
        },
      )
    })
  }

  #fetch(): void {
    const { world } = this.#options
    const { follower, incarnation } = this
    const fetch = follower?.nextFetch()
    const leader = this.peers.find(peer => peer.id === this.#image?.leader)
    if (this.#isFetching || follower === undefined || fetch === undefined) return
    if (leader === undefined) return
    this.#isFetching = true
    const asker = { id: this.id, brokerEpoch: this.brokerEpoch }
    world.request<FetchAnswer>(
      this,
      leader,
      fetchTimeoutMs,
      reply => leader.#serveFetch(asker, fetch, reply),
      answer => {
        if (this.incarnation !== incarnation) return
        this.#isFetching = false
        if (answer === undefined || follower !== this.follower) this.#fetch()
        else this.#fetched(follower, fetch, answer)
      },
    )
  }

  #serveFetch(
    asker: { readonly id: number; readonly brokerEpoch: number },
    fetch: FollowerFetch,
    reply: (answer: FetchAnswer) => void,
  ): void {
    const { leader } = this
    const nothing = {
      highWatermark: -1,
      logStartOffset: -1,
      divergingEpoch: undefined,
      batches: [],
      beginning: this.log.beginning,
    }
    if (leader === undefined) {
      reply({ ...nothing, error: 'NOT_LEADER_OR_FOLLOWER' })
      return
    }
    const result = leader.followerFetched({
      replicaId: asker.id,
      brokerEpoch: asker.brokerEpoch,
      ...fetch,
      nowMs: this.#options.world.nowMs,
    })
    this.#perform(leader)
    const { highWatermark } = leader
    const { logStartOffset } = this.log
    const told = { ...nothing, error: 'NONE' as ErrorName, highWatermark, logStartOffset }
    if (result.kind === 'error') reply({ ...told, error: result.error })
    else if (result.kind === 'diverging') reply({ ...told, divergingEpoch: result.end })
    else reply({ ...told, batches: this.log.read(fetch.fetchOffset, batchesPerFetch) })
  }

  #fetched(follower: PartitionFollower, fetch: FollowerFetch, answer: FetchAnswer): void {
    const { world, checker } = this.#options
    const action = follower.fetched(fetch, answer)
    switch (action.kind) {
      case 'append': {
        for (const batch of answer.batches.slice(0, action.batchCount)) this.log.append(batch)
        follower.appended(this.log.logEndOffset)
        if (this.#options.parts.isVisibleDurable) this.#becameDurable(this.log.logEndOffset)
        this.#flush()
        break
      }
      case 'truncate':
        this.#afterAWhile(follower, () => {
          checker.truncating(this, action.toOffset)
          this.log.truncate(action.toOffset)
          follower.truncated(this.log.logEndOffset)
        })
        return
      case 'restart':
        this.#afterAWhile(follower, () => {
          checker.restarting(this, action.logStartOffset)
          this.log.restart(answer.beginning)
          follower.restarted(action.logStartOffset)
        })
        return
      case 'fail':
        checker.failed(this, action.reason)
        return
      case 'idle':
      case 'ignored':
      case 'retry':
        this.#afterAWhile(follower, () => {})
        break
    }
    this.#followerChanged(follower)
    if (world.random.chance(0.2)) this.#checkpoint = this.highWatermark
  }

  #followerChanged(follower: PartitionFollower): void {
    for (const effect of follower.takeEffects()) {
      if (effect.kind === 'logStartAdvanced') {
        this.log.advanceStart(effect.logStartOffset)
        this.#flush()
      }
    }
    this.#options.checker.highWatermarkAdvanced(this)
  }

  #afterAWhile(follower: PartitionFollower, run: () => void): void {
    const { world } = this.#options
    world.after(1 + world.random.below(idlePollMs), () => {
      if (follower !== this.follower) return
      run()
      this.#fetch()
    })
  }
}

const controllerEndpoint: Endpoint = { name: 'controller', incarnation: 0 }
