// Bugs in when a broker takes something for stored.

import { Broker } from '../../../packages/broker/src/broker.ts'
import { LogState } from '../../../packages/broker/src/storage/log-state.ts'
import { RaftStore } from '../../../packages/broker/src/storage/raft-store.ts'
import { getter, type Mutation, method } from './mutation.ts'

export const storageMutations: readonly Mutation[] = [
  {
    name: 'sto-durable-when-appended',
    what: 'the store calls durable what it has only queued',
    apply: () =>
      getter(LogState.prototype, 'durableEndOffset', () => {
        return function () {
          return this.endOffset
        }
      }),
  },
  {
    name: 'raft-acks-before-durable',
    what: 'entries of the metadata log count before they are flushed (etcd #14370)',
    apply: () =>
      method(RaftStore.prototype, 'write', original => {
        return async function (write) {
          original.call(this, write).catch(() => undefined)
        }
      }),
  },
  {
    name: 'raft-vote-or-term-forgotten',
    what: 'term and vote are not stored (Raft, figure 2)',
    apply: () =>
      method(RaftStore.prototype, 'write', original => {
        return function (write) {
          return original.call(this, { ...write, hardState: undefined })
        }
      }),
  },
  {
    name: 'sto-goes-on-after-failed-flush',
    what: 'a broker whose disk failed does not end',
    apply: () =>
      method(Broker.prototype, 'failed', () => {
        return () => {}
      }),
  },
]
