// How the parts of messages and stored values look as plain MessagePack values, both directions in
// one place each.

import { uuidFromBytes, uuidToBytes } from '@klamm/base'
import type { Configuration, Entry, HardState, LogPosition, VoterId } from './types.ts'

/** Bytes that are not what they should be: a peer's or a disk's fault. */
export class RaftDecodeError extends Error {
  override readonly name = 'RaftDecodeError'
}

/** One part of a message. `unpack` throws `RaftDecodeError` on anything but what `pack` makes. */
export interface Field<T> {
  pack(value: T): unknown
  unpack(wire: unknown): T
}

/** Terms, indexes, sizes, ids. */
export const count: Field<number> = {
  pack: value => value,
  unpack: wire => {
    if (typeof wire === 'number' && Number.isSafeInteger(wire) && wire >= 0) return wire
    throw new RaftDecodeError('a count is a whole number')
  },
}

export const flag: Field<boolean> = {
  pack: value => value,
  unpack: wire => {
    if (typeof wire === 'boolean') return wire
    throw new RaftDecodeError('a flag is true or false')
  },
}

/** Decoding copies: what is kept must not keep a whole network buffer, nor change with it. */
export const bytes: Field<Uint8Array> = {
  pack: value => value,
  unpack: wire => {
    if (wire instanceof Uint8Array) return new Uint8Array(wire)
    throw new RaftDecodeError('bytes are a byte string')
  },
}

export const voter: Field<VoterId> = {
  pack: value => [value.nodeId, uuidToBytes(value.directoryId)],
  unpack: wire => {
    const [nodeId, directory] = items(wire, 2)
    const id = bytes.unpack(directory)
    if (id.length !== 16) throw new RaftDecodeError('a directory id has 16 bytes')
    return { nodeId: count.unpack(nodeId), directoryId: uuidFromBytes(id) }
  },
}

export const optionalVoter: Field<VoterId | undefined> = {
  pack: value => (value === undefined ? null : voter.pack(value)),
  unpack: wire => (wire === null ? undefined : voter.unpack(wire)),
}

export const configuration: Field<Configuration> = {
  pack: value => value.voters.map(id => voter.pack(id)),
  unpack: wire => ({ voters: items(wire).map(id => voter.unpack(id)) }),
}

export const position: Field<LogPosition> = {
  pack: value => [value.term, value.index],
  unpack: wire => {
    const [term, index] = items(wire, 2)
    return { term: count.unpack(term), index: count.unpack(index) }
  },
}

export const hardState: Field<HardState> = {
  pack: value => [value.term, optionalVoter.pack(value.votedFor)],
  unpack: wire => {
    const [term, votedFor] = items(wire, 2)
    return { term: count.unpack(term), votedFor: optionalVoter.unpack(votedFor) }
  },
}

const entryKinds = { normal: 0, config: 1, noop: 2 } as const satisfies Record<
  Entry['kind'],
  number
>

export const entry: Field<Entry> = {
  pack: value => [entryKinds[value.kind], value.term, value.index, entryPayload(value)],
  unpack: wire => {
    const [kind, wireTerm, wireIndex, payload] = items(wire, 4)
    const term = count.unpack(wireTerm)
    const index = count.unpack(wireIndex)
    switch (kind) {
      case entryKinds.normal:
        return { kind: 'normal', term, index, data: bytes.unpack(payload) }
      case entryKinds.config:
        return { kind: 'config', term, index, configuration: configuration.unpack(payload) }
      case entryKinds.noop:
        return { kind: 'noop', term, index }
      default:
        throw new RaftDecodeError('an entry of unknown kind')
    }
  },
}

export const entries: Field<readonly Entry[]> = {
  pack: value => value.map(one => entry.pack(one)),
  unpack: wire => items(wire).map(one => entry.unpack(one)),
}

/** The items of an array, exactly `length` if given. */
export function items(wire: unknown, length?: number): readonly unknown[] {
  if (!Array.isArray(wire) || (length !== undefined && wire.length !== length)) {
    throw new RaftDecodeError('an array of another length was expected')
  }
  return wire
}

function entryPayload(value: Entry): unknown {
  if (value.kind === 'normal') return bytes.pack(value.data)
  return value.kind === 'config' ? configuration.pack(value.configuration) : null
}
