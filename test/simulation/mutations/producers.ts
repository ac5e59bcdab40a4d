// Bugs in what brokers know of idempotent producers.

import { Controller } from '../../../packages/broker/src/metadata/controller/controller.ts'
import { Partition } from '../../../packages/broker/src/partition/partition.ts'
import { ReplicaLog } from '../../../packages/broker/src/partition/replica-log.ts'
import { ProducerStates } from '../../../packages/broker/src/replica/producer-state.ts'
import { type Mutation, method } from './mutation.ts'

export const producerMutations: readonly Mutation[] = [
  {
    name: 'idem-no-duplicate-check',
    what: 'every batch is taken for a new one',
    apply: () =>
      method(ProducerStates.prototype, 'check', () => {
        return () => ({ kind: 'accept' })
      }),
  },
  {
    name: 'idem-duplicate-gets-new-offset',
    what: 'a retry is answered with where it would go now',
    apply: () =>
      method(ProducerStates.prototype, 'check', original => {
        return function (batch, verification) {
          const verdict = original.call(this, batch, verification)
          if (verdict.kind !== 'duplicate') return verdict
          return { ...verdict, baseOffset: verdict.lastOffset + 1 }
        }
      }),
  },
  {
    name: 'idem-state-lost-on-failover',
    what: 'a new leader does not know what producers have sent to the one before (KAFKA-9144)',
    apply: () =>
      method(Partition.prototype, 'lead', original => {
        return function (partition, brokers) {
          const isNew = this.leader?.leaderEpoch !== partition.leaderEpoch
          original.call(this, partition, brokers)
          if (!isNew) return
          this.log.producers.restore({ offset: this.log.logEndOffset, producers: [] }, 0)
        }
      }),
  },
  {
    name: 'idem-state-kept-after-truncation',
    what: 'what was cut off the log still counts as sent',
    apply: () =>
      method(ReplicaLog.prototype, 'truncate', original => {
        return function (toOffset) {
          const { producers } = this.producers.snapshot()
          const done = original.call(this, toOffset)
          this.producers.restore({ offset: this.logEndOffset, producers }, 0)
          return done
        }
      }),
  },
  {
    name: 'idem-second-inflight-first',
    what: 'a producer that is not known may begin with any sequence (KAFKA-14920)',
    apply: () =>
      method(ProducerStates.prototype, 'check', original => {
        return function (batch, verification) {
          if (this.producer(batch.producerId) === undefined) return { kind: 'accept' }
          return original.call(this, batch, verification)
        }
      }),
  },
  {
    name: 'idem-sequence-gap-accepted',
    what: 'a batch may begin with any sequence that is not too old',
    apply: () =>
      method(ProducerStates.prototype, 'check', original => {
        return function (batch, verification) {
          const verdict = original.call(this, batch, verification)
          const isGap = verdict.kind === 'error' && verdict.error === 'OUT_OF_ORDER_SEQUENCE_NUMBER'
          return isGap ? { kind: 'accept' } : verdict
        }
      }),
  },
  {
    name: 'idem-producer-ids-given-twice',
    what: 'the controller gives every broker the same block of producer ids',
    apply: () =>
      method(Controller.prototype, 'allocateProducerIds', original => {
        return function (brokerId, brokerEpoch) {
          const outcome = original.call(this, brokerId, brokerEpoch)
          return { ...outcome, reply: { ...outcome.reply, producerIdStart: 0 } }
        }
      }),
  },
]
