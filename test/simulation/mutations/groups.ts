// Bugs in the coordinators of groups, and in what is left of topics that are gone.

import { GroupPublisher } from '../../../packages/broker/src/coordinators/group-publisher.ts'
import { GroupService } from '../../../packages/broker/src/coordinators/group-service.ts'
import { PartitionShardLog } from '../../../packages/broker/src/coordinators/partition-shard-log.ts'
import { type Mutation, method, together } from './mutation.ts'

export const groupMutations: readonly Mutation[] = [
  {
    name: 'grp-commit-answered-before-hw',
    what: 'an offset commit is answered as soon as the coordinator has appended it',
    apply: () =>
      method(PartitionShardLog.prototype, 'whenCommitted', () => {
        return async () => {}
      }),
  },
  {
    name: 'grp-serves-before-load',
    what: 'a new coordinator serves without what its predecessor has stored (KAFKA-16147)',
    apply: () =>
      method(PartitionShardLog.prototype, 'read', () => {
        return async function () {
          return { batches: [], nextOffset: this.logEndOffset }
        }
      }),
  },
  {
    name: 'grp-double-owner',
    what: 'every member is told the assignment of the first one that asks',
    apply: () => {
      const first = new Map<string, Uint8Array>()
      return method(GroupService.prototype, 'syncGroup', original => {
        return async function (request, signal) {
          const reply = await original.call(this, request, signal)
          const key = `${request.groupId}/${request.generationId}`
          const assignment = first.get(key) ?? reply.assignment
          first.set(key, assignment)
          return { ...reply, assignment }
        }
      })
    },
  },
  {
    name: 'grp-zombie-commits',
    what: 'a commit is acknowledged whoever sends it and in whatever generation',
    apply: () =>
      method(GroupService.prototype, 'commitOffsets', original => {
        return async function (request, signal) {
          const { topics } = await original.call(this, request, signal)
          return {
            topics: topics.map(({ topic, partitions }) => ({
              topic,
              partitions: partitions.map(({ partition }) => ({ partition, error: 'NONE' })),
            })),
          }
        }
      }),
  },
  {
    name: 'topic-recreate-finds-offsets',
    what: 'what was committed for a topic is found for the next one of the same name',
    apply: () =>
      together(
        method(GroupPublisher.prototype, 'publish', () => {
          return () => {}
        }),
        method(GroupService.prototype, 'fetchOffsets', original => {
          return function (request, signal) {
            const topics = request.topics?.map(topic => ({ ...topic, topicId: undefined }))
            return original.call(this, { ...request, topics }, signal)
          }
        }),
      ),
  },
]
