// Bugs in who counts as in sync: on the leader that proposes, and on the controller that decides.

import { Controller } from '../../../packages/broker/src/metadata/controller/controller.ts'
import { ElectionConfigs } from '../../../packages/broker/src/metadata/controller/state.ts'
import { ControllerDriver } from '../../../packages/broker/src/quorum/controller-driver.ts'
import { IsrState } from '../../../packages/broker/src/replica/isr-state.ts'
import { PartitionLeader } from '../../../packages/broker/src/replica/partition-leader.ts'
import { IsrProposals } from '../../../packages/broker/src/replication/isr-proposals.ts'
import { getter, type Mutation, method } from './mutation.ts'

export const inSyncMutations: readonly Mutation[] = [
  {
    name: 'isr-shrink-applied-too-early',
    what: 'members to be dropped do not count any more before the controller agrees (KIP-966)',
    apply: () =>
      method(IsrProposals.prototype, 'propose', original => {
        return function (partition, leader, proposal) {
          original.call(this, partition, leader, proposal)
          const { isr, partitionEpoch } = leader.partition
          if (proposal.isr.length >= isr.length) return
          const { leaderEpoch } = leader
          const smaller = proposal.isr.map(({ brokerId }) => brokerId)
          leader.isrCommitted({ leaderEpoch, partitionEpoch, isr: smaller }, proposal)
        }
      }),
  },
  {
    name: 'isr-growth-counted-too-late',
    what: 'members that were proposed do not count until the answer is there (KIP-497)',
    apply: () =>
      getter(IsrState.prototype, 'maximal', () => {
        return function () {
          return this.committed.isr
        }
      }),
  },
  {
    name: 'isr-growth-below-epoch-start',
    what: 'who has all below the new leader’s lagging mark may join, whatever was committed',
    apply: () =>
      getter(PartitionLeader.prototype, 'leaderEpochStartOffset', () => {
        return () => 0
      }),
  },
  {
    name: 'isr-rejoin-stale-broker-epoch',
    what: 'the controller does not ask which incarnation was in sync (KAFKA-14617)',
    apply: () =>
      method(Controller.prototype, 'alterPartition', original => {
        return function (request) {
          const { cluster } = this.image
          const topics = request.topics.map(topic => ({
            ...topic,
            partitions: topic.partitions.map(partition => ({
              ...partition,
              newIsr: partition.newIsr.map(({ brokerId, brokerEpoch }) => ({
                brokerId,
                brokerEpoch: cluster.broker(brokerId)?.epoch ?? brokerEpoch,
              })),
            })),
          }))
          return original.call(this, { ...request, topics })
        }
      }),
  },
  {
    name: 'isr-elects-outside-of-it',
    what: 'the controller makes anybody leader who is there',
    apply: () =>
      method(ElectionConfigs.prototype, 'of', original => {
        return function (topicName) {
          return { ...original.call(this, topicName), uncleanLeaderElection: true }
        }
      }),
  },
  {
    name: 'isr-restart-keeps-membership',
    what: 'a broker that comes back is in every ISR it was in, and leads on in the same epoch',
    apply: () =>
      method(Controller.prototype, 'registerBroker', original => {
        return function (request, nextOffset, nowMs) {
          const outcome = original.call(this, request, nextOffset, nowMs)
          const records = outcome.records.filter(({ kind }) => kind !== 'partitionChange')
          return { ...outcome, records }
        }
      }),
  },
  {
    name: 'isr-unclean-restart-stays-eligible',
    what: 'a broker that comes back without proof of a clean stop stays in the ELR (KIP-966)',
    apply: () =>
      method(Controller.prototype, 'registerBroker', original => {
        return function (request, nextOffset, nowMs) {
          const existing = this.image.cluster.broker(request.brokerId)
          const previousBrokerEpoch = existing?.epoch ?? request.previousBrokerEpoch
          return original.call(this, { ...request, previousBrokerEpoch }, nextOffset, nowMs)
        }
      }),
  },
  {
    name: 'meta-answered-before-commit',
    what: 'the controller answers what it has decided before it is committed',
    apply: () =>
      method(ControllerDriver.prototype, 'run', original => {
        return function (decide) {
          let early: { readonly reply: unknown } | undefined
          const late = original.call(this, (controller, context) => {
            const outcome = decide(controller, context)
            early = { reply: outcome.reply }
            return outcome
          })
          if (early === undefined) return late
          late.catch(() => undefined)
          return Promise.resolve(early.reply)
        }
      }) as never,
  },
]
