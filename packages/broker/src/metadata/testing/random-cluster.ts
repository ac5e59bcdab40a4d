// Random operations on a controller, and next to it a model of the logs: which replica surely holds
// everything that was committed. The controller knows nothing of the model; the model judges it.

import { present, type Random, seededRandom } from '@klamm/base'
import type { MetadataImage } from '../image/image.ts'
import type { PartitionImage } from '../image/partition.ts'
import { type MetadataRecord, noLeader } from '../records/records.ts'
import { minIsrOf, violationBetween, violationOf, violationOfCopies } from './invariants.ts'
import { TestCluster } from './test-cluster.ts'

/** A bug put in on purpose, to prove that it would be seen. */
export type Mutant =
  | 'fencing leaves the ISR alone'
  | 'unfencing elects nobody'
  | 'an unclean restart counts as clean'
  | 'a lower min.insync.replicas keeps the ELR'
  | 'a former incarnation counts as the present one'
  | 'an empty disk counts as the old one'
  | 'a lost log is told to nobody'
  | 'a lost log leaves the leader what it knew of it'

/** One replica of one partition. */
interface Copy {
  /** Holds everything that was ever committed. */
  isComplete: boolean
  /**
   * The broker epoch under which the leader has seen it catch up; -1 when the leader knows that it
   * is behind. Says nothing of what the replica has lost since.
   */
  caughtUpEpoch: number
  /** On a disk that was replaced, and nothing fetched since. */
  isEmpty: boolean
}

/** The leader has gone on without it, and knows. */
function leaveBehind(copy: Copy): void {
  copy.isComplete = false
  copy.caughtUpEpoch = -1
}

const brokerIds = [1, 2, 3, 4]
const topicNames = ['a', 'b', 'c']

export class RandomCluster {
  readonly #random: Random
  readonly #mutant: Mutant | undefined
  readonly #cluster: TestCluster
  /** By topic id, index and broker. */
  readonly #copies = new Map<string, Map<number, Copy>>()
  readonly #disks = new Map<number, number>()
  /** Stopped cleanly, under this epoch. */
  readonly #clean = new Map<number, number>()
  /** The process is there and sends heartbeats. */
  readonly #running = new Set<number>()
  readonly trace: string[] = []
  /** A partition that came to be led by nothing, though there were others. */
  #emptyLeader: string | undefined

  constructor(seed: string, mutant?: Mutant) {
    this.#random = seededRandom(seed)
    this.#mutant = mutant
    this.#cluster = new TestCluster()
    this.#cluster.onAppend = records => this.#mutated(records)
    this.#cluster.onCommitted = records => this.#judgeElections(records)
    for (const id of brokerIds) this.#startBroker(id)
  }

  get image(): MetadataImage {
    return this.#cluster.image
  }

  /** Runs one operation; returns what it violated. */
  step(): string | undefined {
    const before = this.image
    const name = this.#random.pick(operationNames)
    operations[name](this)
    this.trace.push(name)
    const after = this.image
    return (
      violationOf(after, topic => minIsrOf(after, topic)) ??
      (severalDecisions.has(name) ? undefined : violationBetween(before, after)) ??
      violationOfCopies(after, this.#cluster.replayed) ??
      this.#violationOfModel()
    )
  }

  startOrStop(): void {
    const id = this.#random.pick(brokerIds)
    if (!this.#running.has(id)) {
      this.#startBroker(id)
    } else if (this.#random.chance(0.3)) {
      // Dies, and starts again at once or is found out by its silence.
      this.#running.delete(id)
      if (this.#random.chance(0.5)) this.#startBroker(id)
    }
  }

  stopCleanly(): void {
    const id = this.#random.pick(brokerIds)
    if (!this.#running.has(id)) return
    for (let i = 0; i < 3; i++) {
      const epoch = this.#cluster.brokerEpoch(id)
      const reply = this.#heartbeat(id, true)
      if (reply.shouldShutDown) {
        this.#running.delete(id)
        this.#clean.set(id, epoch)
        return
      }
      for (const other of this.#running) if (other !== id) this.#heartbeat(other)
    }
  }

  heartbeats(): void {
    for (const id of brokerIds) if (this.#running.has(id)) this.#heartbeat(id)
  }

  silence(): void {
    const cluster = this.#cluster
    for (let i = 0; i < 9; i++) {
      cluster.nowMs += 1_125
      this.heartbeats()
      this.#cluster.commit(cluster.controller.expireSessions(cluster.nowMs))
    }
  }

  createTopic(): void {
    const name = this.#random.pick(topicNames)
    const configs: [string, string][] = []
    if (this.#random.chance(0.7)) {
      configs.push(['min.insync.replicas', `${1 + this.#random.below(3)}`])
    }
    const topic = {
      name,
      partitionCount: 1 + this.#random.below(2),
      replicationFactor: 1 + this.#random.below(4),
      assignments: [],
      configs: configs.map(([key, value]) => ({ name: key, value })),
    }
    const request = { topics: [topic], validateOnly: false }
    this.#cluster.commit(this.#cluster.controller.createTopics(request, this.#random))
  }

  deleteTopic(): void {
    const name = this.#random.pick(topicNames)
    this.#cluster.commit(this.#cluster.controller.deleteTopics([{ name, topicId: undefined }]))
  }

  addPartition(): void {
    const topic = this.#anyTopic()
    if (topic === undefined || topic.partitions.length > 3) return
    const partitionCount = topic.partitions.length + 1
    const more = { name: topic.name, partitionCount, assignments: undefined }
    const request = { topics: [more], validateOnly: false }
    this.#cluster.commit(this.#cluster.controller.createPartitions(request, this.#random))
  }

  changeMinIsr(): void {
    const topic = this.#anyTopic()
    if (topic === undefined) return
    const value = `${1 + this.#random.below(3)}`
    const changes = [{ name: 'min.insync.replicas', operation: 'set' as const, value }]
    const resource = { type: 'topic' as const, name: topic.name, changes }
    const outcome = this.#cluster.controller.incrementalAlterConfigs([resource], false)
    this.#cluster.commit(outcome)
  }

  /** Leaders commit: whoever is outside the ISR lacks something from now on. */
  produce(): void {
    for (const { key, name, partition } of this.#partitions()) {
      const minIsr = Math.min(minIsrOf(this.image, name), partition.replicas.length)
      if (partition.leader === noLeader || !this.#running.has(partition.leader)) continue
      if (partition.isr.length < minIsr || this.#random.chance(0.3)) continue
      for (const [id, copy] of this.#copiesOf(key, partition)) {
        if (!partition.isr.includes(id)) leaveBehind(copy)
      }
    }
  }

  /** A follower catches up, as its leader sees it. */
  catchUp(): void {
    for (const { key, partition } of this.#partitions()) {
      if (partition.leader === noLeader || !this.#running.has(partition.leader)) continue
      for (const [id, copy] of this.#copiesOf(key, partition)) {
        if (!this.#running.has(id) || this.#random.chance(0.4)) continue
        copy.isComplete = true
        copy.isEmpty = false
        copy.caughtUpEpoch = this.#cluster.brokerEpoch(id)
      }
    }
  }

  proposeIsr(): void {
    const chosen = this.#anyPartition()
    if (chosen === undefined) return
    const { key, name, index, partition } = chosen
    if (partition.leader === noLeader || !this.#running.has(partition.leader)) return
    const copies = this.#copiesOf(key, partition)
    const isr = partition.replicas.filter(id => {
      const isMember = partition.isr.includes(id)
      const hasCaughtUp = (copies.get(id)?.caughtUpEpoch ?? -1) >= 0
      return id === partition.leader || (isMember ? this.#random.chance(0.7) : hasCaughtUp)
    })
    const isMutant = this.#mutant === 'a former incarnation counts as the present one'
    const epochs = new Map<number, number>()
    for (const [id, { caughtUpEpoch }] of copies) {
      if (!partition.isr.includes(id) && !isMutant) epochs.set(id, caughtUpEpoch)
    }
    this.#cluster.proposeIsr(name, isr, { index, epochs })
  }

  reassign(): void {
    const chosen = this.#anyPartition()
    if (chosen === undefined) return
    const replicas = brokerIds.filter(() => this.#random.chance(0.5))
    const target = replicas.length === 0 ? undefined : replicas
    const reassignment = {
      topicName: chosen.name,
      partitionIndex: chosen.index,
      replicas: this.#random.chance(0.2) ? undefined : target,
    }
    this.#cluster.commit(this.#cluster.controller.alterPartitionReassignments([reassignment]))
  }

  /** A running broker finds its log of a partition damaged. */
  loseReplica(): void {
    const chosen = this.#anyPartition()
    if (chosen === undefined) return
    const { key, name, index, partition } = chosen
    const id = this.#random.pick(partition.replicas)
    const copy = this.#copiesOf(key, partition).get(id)
    if (!this.#running.has(id) || copy === undefined) return
    copy.isComplete = false
    copy.isEmpty = true
    if (this.#mutant === 'a lost log is told to nobody') return
    this.#cluster.loseReplica(id, name, index)
    const after = this.#cluster.partition(name, index)
    const isMutant = this.#mutant === 'a lost log leaves the leader what it knew of it'
    // In a new epoch the leader knows nothing of its followers yet.
    if (after.leaderEpoch > partition.leaderEpoch && !isMutant) copy.caughtUpEpoch = -1
  }

  balance(): void {
    this.#cluster.commit(this.#cluster.controller.balanceLeaders(2))
  }

  electUnclean(): void {
    if (!this.#random.chance(0.2)) return
    const request = { electionType: 'unclean', partitions: undefined } as const
    this.#cluster.commit(this.#cluster.controller.electLeaders(request))
    // By an operator's word anybody may lead.
    this.#emptyLeader = undefined
  }

  allocateProducerIds(): void {
    const id = this.#random.pick(brokerIds)
    const epoch = this.#cluster.brokerEpoch(id)
    this.#cluster.commit(this.#cluster.controller.allocateProducerIds(id, epoch))
  }

  failOver(): void {
    this.#cluster.failOver()
  }

  #startBroker(id: number): void {
    const isNew = this.#cluster.image.cluster.broker(id) === undefined
    const cleanEpoch = this.#clean.get(id)
    const isReplaced = !isNew && this.#random.chance(0.1)
    if (isReplaced) this.#disks.set(id, (this.#disks.get(id) ?? 0) + 1)
    const hidesDisk = this.#mutant === 'an empty disk counts as the old one'
    const disk = hidesDisk ? 0 : (this.#disks.get(id) ?? 0)
    const isMutant = this.#mutant === 'an unclean restart counts as clean'
    const previousBrokerEpoch = isMutant
      ? this.#cluster.brokerEpoch(id)
      : isReplaced
        ? -1
        : (cleanEpoch ?? -1)
    const logDirs = [`disk-${id}-${disk}`]
    const reply = this.#cluster.register(id, { previousBrokerEpoch, logDirs })
    if (reply.error !== 'NONE') return
    this.#running.add(id)
    this.#clean.delete(id)
    // The tail may be gone, or all of it.
    if (isReplaced || cleanEpoch === undefined) this.#loseTail(id, isReplaced)
  }

  #loseTail(id: number, isReplaced: boolean): void {
    for (const copies of this.#copies.values()) {
      const copy = copies.get(id)
      if (copy === undefined) continue
      copy.isComplete = false
      if (isReplaced) copy.isEmpty = true
    }
  }

  #heartbeat(id: number, shutDown = false) {
    const { controller, nextOffset, nowMs } = this.#cluster
    const reply = controller.heartbeat(
      {
        brokerId: id,
        brokerEpoch: this.#cluster.brokerEpoch(id),
        currentMetadataOffset: nextOffset - 1,
        wantFence: false,
        wantShutDown: shutDown,
      },
      nowMs,
    )
    return this.#cluster.commit(reply)
  }

  #mutated(records: readonly MetadataRecord[]): readonly MetadataRecord[] {
    const isFencing = (fenced: boolean) =>
      records.some(record => record.kind === 'brokerChange' && record.fenced === fenced)
    const isConfig = records.some(({ kind }) => kind === 'config')
    const isBroken =
      (this.#mutant === 'a lower min.insync.replicas keeps the ELR' && isConfig) ||
      (this.#mutant === 'fencing leaves the ISR alone' && isFencing(true)) ||
      (this.#mutant === 'unfencing elects nobody' && isFencing(false))
    return isBroken ? records.filter(({ kind }) => kind !== 'partitionChange') : records
  }

  /** A leader that recovers was elected at the price of what it lacks: a new beginning. */
  #judgeElections(records: readonly MetadataRecord[]): void {
    for (const record of records) {
      if (record.kind !== 'partitionChange' || record.leader === undefined) continue
      const partition = this.image.topics.partition(record.topicId, record.partitionIndex)
      if (partition?.leaderRecoveryState !== 'recovering' || partition.leader === noLeader) continue
      const key = `${record.topicId}/${record.partitionIndex}`
      const copies = this.#copiesOf(key, partition)
      const isEmptied = [...copies.values()].every(copy => copy.isEmpty)
      for (const [id, copy] of copies) {
        if (id !== partition.leader) leaveBehind(copy)
        else if (copy.isEmpty && !isEmptied) this.#emptyLeader = key
        copy.isComplete = id === partition.leader
        if (copy.isComplete) copy.isEmpty = false
      }
    }
  }

  /** REP-8: everybody who may be elected without being said to recover has everything. */
  #violationOfModel(): string | undefined {
    if (this.#emptyLeader !== undefined) return `${this.#emptyLeader} is led by an empty disk`
    for (const { key, name, index, partition } of this.#partitions()) {
      const copies = this.#copiesOf(key, partition)
      for (const id of [...partition.isr, ...partition.elr]) {
        // A process that is not there any more may be in the ISR until that is noticed.
        if (copies.get(id)?.isComplete !== false) continue
        return `${name}-${index}: ${id} may lead and lacks committed records`
      }
    }
    return undefined
  }

  #copiesOf(key: string, { replicas, isr }: PartitionImage): Map<number, Copy> {
    let copies = this.#copies.get(key)
    if (copies === undefined) {
      copies = new Map()
      this.#copies.set(key, copies)
      for (const id of isr) copies.set(id, { isComplete: true, caughtUpEpoch: -1, isEmpty: false })
    }
    for (const id of replicas) {
      if (!copies.has(id)) copies.set(id, { isComplete: false, caughtUpEpoch: -1, isEmpty: true })
    }
    for (const id of copies.keys()) if (!replicas.includes(id)) copies.delete(id)
    return copies
  }

  #partitions() {
    const found: { key: string; name: string; index: number; partition: PartitionImage }[] = []
    for (const name of this.image.topics.sortedNames()) {
      const topic = present(this.image.topics.byName(name), 'every name has a topic')
      topic.partitions.forEach((partition, index) => {
        found.push({ key: `${topic.id}/${index}`, name, index, partition })
      })
    }
    return found
  }

  #anyPartition() {
    const partitions = this.#partitions()
    return partitions.length === 0 ? undefined : this.#random.pick(partitions)
  }

  #anyTopic() {
    const names = this.image.topics.sortedNames()
    return names.length === 0 ? undefined : this.image.topics.byName(this.#random.pick(names))
  }
}

const operations = {
  startOrStop: c => c.startOrStop(),
  stopCleanly: c => c.stopCleanly(),
  heartbeats: c => c.heartbeats(),
  silence: c => c.silence(),
  createTopic: c => c.createTopic(),
  deleteTopic: c => c.deleteTopic(),
  addPartition: c => c.addPartition(),
  changeMinIsr: c => c.changeMinIsr(),
  produce: c => c.produce(),
  catchUp: c => c.catchUp(),
  proposeIsr: c => c.proposeIsr(),
  reassign: c => c.reassign(),
  balance: c => c.balance(),
  loseReplica: c => c.loseReplica(),
  electUnclean: c => c.electUnclean(),
  allocateProducerIds: c => c.allocateProducerIds(),
  failOver: c => c.failOver(),
} as const satisfies Record<string, (cluster: RandomCluster) => void>

type OperationName = keyof typeof operations

const weights: Partial<Record<OperationName, number>> = {
  startOrStop: 4,
  heartbeats: 4,
  produce: 4,
  catchUp: 4,
  proposeIsr: 6,
  silence: 2,
  createTopic: 2,
}

const operationNames = (Object.keys(operations) as OperationName[]).flatMap(name =>
  Array.from({ length: weights[name] ?? 1 }, () => name),
)

const severalDecisions: ReadonlySet<OperationName> = new Set([
  'startOrStop',
  'stopCleanly',
  'heartbeats',
  'silence',
])
