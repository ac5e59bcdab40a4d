// Bugs in what leaders and followers of partitions do.

import { Partition } from '../../../packages/broker/src/partition/partition.ts'
import { EpochCache } from '../../../packages/broker/src/replica/epoch-cache.ts'
import { FollowerProgress } from '../../../packages/broker/src/replica/follower-progress.ts'
import { PartitionFollower } from '../../../packages/broker/src/replica/partition-follower.ts'
import { PartitionLeader } from '../../../packages/broker/src/replica/partition-leader.ts'
import { getter, type Mutation, method, together } from './mutation.ts'

export const replicationMutations: readonly Mutation[] = [
  {
    name: 'rep-truncate-to-hw-loses-acked',
    what: 'who begins to follow cuts its log at the high watermark it knows (KIP-101)',
    apply: () =>
      method(Partition.prototype, 'follow', original => {
        return function (partition) {
          const { log, highWatermark } = this
          const isNew = (this.leader ?? this.follower)?.leaderEpoch !== partition.leaderEpoch
          if (isNew && highWatermark > log.logStartOffset) void log.truncate(highWatermark)
          return original.call(this, partition)
        }
      }),
  },
  {
    name: 'rep-truncate-to-hw-diverges',
    what: 'a leader does not compare the epochs of a follower’s log with its own (KIP-101)',
    apply: () =>
      method(PartitionLeader.prototype, 'followerFetched', original => {
        return function (fetch) {
          return original.call(this, { ...fetch, lastFetchedEpoch: -1 })
        }
      }),
  },
  {
    name: 'rep-fast-failover-unknown-epoch',
    what: 'an epoch that the leader does not know is taken to go on to its end (KIP-279)',
    apply: () =>
      method(EpochCache.prototype, 'endOffsetFor', original => {
        return function (epoch, logEndOffset) {
          const isKnown = this.entries.some(entry => entry.epoch === epoch)
          if (isKnown) return original.call(this, epoch, logEndOffset)
          return { leaderEpoch: epoch, endOffset: logEndOffset }
        }
      }),
  },
  {
    name: 'rep-hw-regress-new-leader',
    what: 'a new leader tells clients its own high watermark, which lags behind (KIP-207)',
    apply: () =>
      method(PartitionLeader.prototype, 'clientHighWatermark', () => {
        return function () {
          return this.highWatermark
        }
      }),
  },
  {
    name: 'rep-hw-without-followers',
    what: 'the high watermark does not wait for followers',
    apply: () =>
      getter(FollowerProgress.prototype, 'logEndOffset', () => {
        return function () {
          return this.hasFetched ? Number.MAX_SAFE_INTEGER : -1
        }
      }),
  },
  {
    name: 'rep-hw-counts-what-was-sent',
    what: 'a follower is taken to have what it was just sent',
    apply: () =>
      method(FollowerProgress.prototype, 'fetched', original => {
        return function (fetch) {
          original.call(this, { ...fetch, fetchOffset: fetch.leaderEndOffset })
        }
      }),
  },
  {
    name: 'rep-ack-before-hw',
    what: 'acks=all is answered when the leader alone has the records',
    apply: () =>
      method(Partition.prototype, 'whenCommitted', () => {
        return function (endOffset, answer) {
          return this.whenDurable(endOffset, answer)
        }
      }),
  },
  {
    name: 'rep-visible-not-durable',
    what: 'a leader counts itself as soon as it has appended, before the flush',
    apply: () =>
      together(
        method(Partition.prototype, 'leaderAppended', original => {
          return function (leader) {
            original.call(this, leader)
            leader.durable(leader.logEndOffset)
            this.performLeader(leader)
          }
        }),
        method(PartitionLeader.prototype, 'durable', original => {
          return function (durableEndOffset) {
            original.call(this, Math.max(durableEndOffset, this.durableEndOffset))
          }
        }),
      ),
  },
  {
    name: 'rep-follower-acks-undurable',
    what: 'a follower asks for more, which acknowledges, before what it has is flushed',
    apply: () =>
      together(
        method(PartitionFollower.prototype, 'appended', original => {
          return function (logEndOffset) {
            original.call(this, logEndOffset)
            this.durable(logEndOffset)
          }
        }),
        method(PartitionFollower.prototype, 'durable', original => {
          return function (durableEndOffset) {
            original.call(this, Math.max(durableEndOffset, this.durableEndOffset))
          }
        }),
        method(Partition.prototype, 'whenDurable', original => {
          return function (endOffset, answer) {
            if (this.follower === undefined) return original.call(this, endOffset, answer)
            answer('NONE')
            return () => undefined
          }
        }),
      ),
  },
  {
    name: 'rep-commits-below-min-isr',
    what: 'min.insync.replicas is ignored',
    apply: () =>
      getter(PartitionLeader.prototype, 'effectiveMinIsr', () => {
        return () => 1
      }),
  },
  {
    name: 'rep-acks-after-losing-leadership',
    what: 'appends that wait when the leadership ends are acknowledged',
    apply: () =>
      method(Partition.prototype, 'whenCommitted', original => {
        return function (endOffset, answer) {
          return original.call(this, endOffset, error => {
            answer(error === 'NOT_LEADER_OR_FOLLOWER' ? 'NONE' : error)
          })
        }
      }),
  },
]
