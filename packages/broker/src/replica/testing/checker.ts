// What must hold in every moment of a simulated replica set, by the ids of the reliability rules:
// REP-1 no acknowledged loss, REP-2 and REP-3 logs agree on what is committed for ever, REP-4 high
// watermarks, REP-5 epochs, REP-8 who may be elected has everything, REP-11 truncation, IDEM-1 and
// IDEM-2 each batch once and in order. It keeps its own record of what was committed.

import type { ToyBroker } from './toy-broker.ts'
import type { ToyController } from './toy-controller.ts'
import type { ToyBatch } from './toy-log.ts'

/** A broken rule; the message begins with its id. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

interface Exposed {
  min: number
  max: number
}

export class Checker {
  readonly #controller: ToyController
  brokers: readonly ToyBroker[] = []
  /** By index: what was below a high watermark that anybody could see. */
  readonly #committed: ToyBatch[] = []
  readonly #leaderOf = new Map<number, string>()
  /** High watermarks told to clients, by leader epoch. */
  readonly #exposed = new Map<number, Exposed>()
  /** Base offset by batch id, as told to its producer. */
  readonly #acknowledged = new Map<number, number>()
  /** Lost durable records and has not registered since. */
  readonly #lossy = new Set<ToyBroker>()
  #checkedAt = ''
  truncations = 0
  restarts = 0

  constructor(controller: ToyController) {
    this.#controller = controller
  }

  get committedCount(): number {
    return this.#committed.length
  }

  crashed(broker: ToyBroker, isLossy: boolean): void {
    if (isLossy) this.#lossy.add(broker)
  }

  started(broker: ToyBroker): void {
    this.#lossy.delete(broker)
  }

  /** REP-5: one leader per epoch, in one incarnation. */
  led(broker: ToyBroker): void {
    const { leaderEpoch } = broker
    const who = `${broker.name}, incarnation ${broker.incarnation}`
    const before = this.#leaderOf.get(leaderEpoch) ?? who
    check(before === who, 'REP-5', `epoch ${leaderEpoch} is led by ${before} and by ${who}`)
    this.#leaderOf.set(leaderEpoch, who)
    this.#expose(broker)
  }

  /** IDEM-1: sequences of a producer have no gaps, and no batch is there twice. */
  leaderAppended({ log, name }: ToyBroker): void {
    const batch = log.batches.at(-1) as ToyBatch
    const { producerId, producerEpoch, baseSequence, id } = batch
    let expected = 0
    for (const before of log.batches) {
      if (before === batch || before.producerId !== producerId) continue
      check(before.id !== id, 'IDEM-1', `batch ${id} is appended again on ${name}`)
      if (before.producerEpoch !== producerEpoch) continue
      expected = before.baseSequence + before.lastOffsetDelta + 1
    }
    const isKnown = expected > 0 || log.logStartOffset === 0
    check(
      !isKnown || baseSequence === expected,
      'IDEM-1',
      `producer ${producerId} has sequence ${baseSequence} after ${expected - 1} on ${name}`,
    )
  }

  /** REP-2, REP-3: what is below anybody's high watermark is the same everywhere and for ever. */
  highWatermarkAdvanced(broker: ToyBroker): void {
    const { log, highWatermark, name } = broker
    check(highWatermark <= log.logEndOffset, 'REP-4', `the mark of ${name} is beyond its log`)
    for (const batch of log.batches) {
      if (batch.lastOffset >= highWatermark) break
      const known = this.#committed[batch.index]
      if (known === undefined) this.#committed[batch.index] = batch
      else {
        const what = `${describe(batch)} on ${name}, committed was ${describe(known)}`
        check(known === batch, 'REP-2', what)
      }
    }
    if (broker.leader !== undefined) this.#expose(broker)
  }

  /** IDEM-2: an answer tells where the batch is committed, every time the same. */
  acknowledged(broker: ToyBroker, baseOffset: number): void {
    const batch = broker.log.batches.find(each => each.baseOffset === baseOffset)
    if (batch === undefined) return
    const isCommitted = this.#committed[batch.index] === batch
    check(isCommitted, 'REP-1', `${describe(batch)} is acknowledged and not committed`)
  }

  /** The producer has got the answer. */
  told(id: number, baseOffset: number): void {
    const before = this.#acknowledged.get(id) ?? baseOffset
    check(before === baseOffset, 'IDEM-2', `batch ${id} is at ${before} and at ${baseOffset}`)
    this.#acknowledged.set(id, baseOffset)
    const places = this.#committed.filter(batch => batch.id === id)
    const isThere = places.length === 1 && places[0]?.baseOffset === baseOffset
    check(isThere, 'IDEM-2', `batch ${id}, told ${baseOffset}, is at ${places.map(describe)}`)
  }

  /** A producer is told that it has lost its place, which only it can have caused. */
  fatal(producerId: number, error: string): void {
    check(false, 'IDEM-3', `producer ${producerId} is told ${error} for its oldest batch`)
  }

  truncating(broker: ToyBroker, toOffset: number): void {
    this.truncations += 1
    const { highWatermark, name } = broker
    check(toOffset >= highWatermark, 'REP-11', `${name} cuts at ${toOffset} below ${highWatermark}`)
  }

  /** A follower begins with an empty log, because the leader's begins after its end. */
  restarting({ highWatermark, name }: ToyBroker, logStartOffset: number): void {
    this.restarts += 1
    check(logStartOffset >= highWatermark, 'REP-11', `${name} restarts at ${logStartOffset}`)
  }

  failed({ name }: ToyBroker, reason: string): void {
    check(false, 'REP-1', `${name} cannot follow: ${reason}`)
  }

  /** REP-8: who may be elected durably holds everything committed. */
  afterEvent(): void {
    const { images, image } = this.#controller
    const state = `${images.length} ${this.#committed.length} ${this.#versions()}`
    if (state === this.#checkedAt) return
    this.#checkedAt = state
    for (const broker of this.brokers) {
      const mayLead = image.isr.includes(broker.id) || image.elr.includes(broker.id)
      if (mayLead && !this.#lossy.has(broker)) this.#checkComplete(broker)
    }
  }

  /** After everything has healed: all logs are the same, and what is derived from them is right. */
  final(): void {
    for (const { log, name } of this.brokers) {
      const isWhole = log.nextIndex === this.#committed.length
      check(isWhole, 'REP-2', `${name} has ${log.batches.length} batches`)
      for (const batch of log.batches) {
        check(this.#committed[batch.index] === batch, 'REP-2', `${describe(batch)} on ${name}`)
      }
      check(log.epochs.equals(log.rebuiltEpochs()), 'REP-5', `the epoch cache of ${name} is wrong`)
      check(
        log.producers.equals(log.rebuiltProducers()),
        'IDEM-2',
        `producers of ${name} are wrong`,
      )
    }
    const ids = new Set(this.#committed.map(batch => batch.id))
    check(ids.size === this.#committed.length, 'IDEM-1', 'a batch is committed twice')
    for (const id of this.#acknowledged.keys()) {
      check(ids.has(id), 'REP-1', `batch ${id} was acknowledged and is lost`)
    }
  }

  #checkComplete({ log, name }: ToyBroker): void {
    for (let index = log.firstIndex; index < this.#committed.length; index++) {
      const committed = this.#committed[index] as ToyBatch
      const held = log.batches[index - log.firstIndex]
      const isDurable = committed.lastOffset < log.durableEndOffset
      if (held === committed && isDurable) continue
      check(false, 'REP-8', `${name} may lead and lacks ${describe(committed)}`)
    }
    const start = this.#committed[log.firstIndex]?.baseOffset ?? log.logStartOffset
    check(start === log.logStartOffset, 'REP-8', `${name} has lost its beginning`)
  }

  /** REP-4: what clients are told never falls, from one leader to the next. */
  #expose(broker: ToyBroker): void {
    const { leader, leaderEpoch: epoch } = broker
    const told = leader?.clientHighWatermark()
    if (told === undefined) return
    for (const [other, { min, max }] of this.#exposed) {
      if (other < epoch) {
        check(told >= max, 'REP-4', `epoch ${epoch} tells ${told}, epoch ${other} told ${max}`)
      } else if (other > epoch) {
        check(told <= min, 'REP-4', `epoch ${epoch} tells ${told}, epoch ${other} told ${min}`)
      } else check(told >= max, 'REP-4', `the mark of epoch ${epoch} falls to ${told}`)
    }
    const here = this.#exposed.get(epoch)
    if (here === undefined) this.#exposed.set(epoch, { min: told, max: told })
    else here.max = told
  }

  #versions(): string {
    return this.brokers.map(({ log }) => log.version).join(' ')
  }
}

function check(isKept: boolean, rule: string, what: string): void {
  if (!isKept) throw new Violation(`${rule}: ${what}`)
}

function describe(batch: ToyBatch): string {
  return `${batch.id}@${batch.baseOffset} of epoch ${batch.partitionLeaderEpoch}`
}
