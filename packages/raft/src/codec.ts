// Packets, entries, hard states and snapshots as bytes (MessagePack arrays), for the wire between
// nodes and for their disks. Any bytes give a value or a `RaftDecodeError`.

import { Packr } from 'msgpackr'
import {
  bytes,
  configuration,
  count,
  entries,
  entry,
  type Field,
  flag,
  hardState,
  items,
  optionalVoter,
  position,
  RaftDecodeError,
  voter,
} from './codec-fields.ts'
import type { Message, Packet } from './message.ts'
import { messagePackProblem } from './msgpack-guard.ts'
import type { Entry, HardState, LogPosition, Snapshot } from './types.ts'

export { RaftDecodeError } from './codec-fields.ts'

/** First item of every packet. A node refuses packets of another version. */
const packetVersion = 1

/** Packets nest: packet, entries, entry, configuration, voter. */
const depthMax = 6

/** Above any packet that the default limits let a node send. */
export const packetBytesMax = 64 * 1024 * 1024

type MessageOf<Kind extends Message['kind']> = Extract<Message, { readonly kind: Kind }>
type Layout<M> = {
  readonly [Name in Exclude<keyof M, 'kind' | 'term'>]: Field<M[Name]>
}

/** Code and fields of every kind of message, in wire order. Codes are never reused. */
const layouts: {
  readonly [Kind in Message['kind']]: {
    readonly code: number
    readonly fields: Layout<MessageOf<Kind>>
  }
} = {
  preVote: { code: 1, fields: { candidateTerm: count, lastIndex: count, lastTerm: count } },
  preVoteResponse: {
    code: 2,
    fields: { candidateTerm: count, granted: flag, leader: optionalVoter },
  },
  vote: { code: 3, fields: { lastIndex: count, lastTerm: count, transfer: flag } },
  voteResponse: { code: 4, fields: { granted: flag } },
  append: { code: 5, fields: { prevIndex: count, prevTerm: count, commit: count, entries } },
  appendAccepted: { code: 6, fields: { matchIndex: count } },
  appendRejected: { code: 7, fields: { prevIndex: count, hintIndex: count, hintTerm: count } },
  heartbeat: { code: 8, fields: { commit: count, round: count } },
  heartbeatResponse: { code: 9, fields: { round: count } },
  snapshotChunk: {
    code: 10,
    fields: {
      snapshotIndex: count,
      snapshotTerm: count,
      configuration,
      totalBytes: count,
      offset: count,
      data: bytes,
    },
  },
  snapshotChunkResponse: { code: 11, fields: { snapshotIndex: count, offset: count } },
  timeoutNow: { code: 12, fields: {} },
  observe: { code: 13, fields: {} },
  observeResponse: { code: 14, fields: { leader: optionalVoter } },
}

interface CompiledLayout {
  readonly kind: string
  readonly code: number
  readonly names: readonly string[]
  readonly fields: readonly Field<unknown>[]
}

const compiled = new Map<string, CompiledLayout>()
const byCode = new Map<number, CompiledLayout>()
for (const [kind, { code, fields }] of Object.entries(layouts)) {
  const layout = { kind, code, names: Object.keys(fields), fields: Object.values(fields) }
  compiled.set(kind, layout)
  byCode.set(code, layout)
}

export function encodePacket(packet: Packet): Uint8Array {
  const { from, message, to } = packet
  const layout = compiled.get(message.kind)
  if (layout === undefined) throw new RaftDecodeError(`no layout for ${message.kind}`)
  const wire = [packetVersion, layout.code, voter.pack(from), voter.pack(to), message.term]
  const values = new Map<string, unknown>(Object.entries(message))
  for (const [i, field] of layout.fields.entries()) {
    wire.push(field.pack(values.get(layout.names[i] ?? '')))
  }
  return pack(wire)
}

/** Throws `RaftDecodeError` on anything that `encodePacket` does not make. */
export function decodePacket(encoded: Uint8Array, bytesMax = packetBytesMax): Packet {
  if (encoded.length > bytesMax) throw new RaftDecodeError('a packet is too large')
  const [version, code, from, to, term, ...rest] = items(unpack(encoded))
  if (version !== packetVersion) throw new RaftDecodeError('a packet of another version')
  const layout = byCode.get(count.unpack(code))
  if (layout === undefined) throw new RaftDecodeError('a message of unknown kind')
  if (rest.length !== layout.fields.length) throw new RaftDecodeError('fields are missing')
  const message = new Map<string, unknown>([
    ['kind', layout.kind],
    ['term', count.unpack(term)],
  ])
  for (const [i, field] of layout.fields.entries()) {
    message.set(layout.names[i] ?? '', field.unpack(rest[i]))
  }
  // The layout of its kind has given every field its type.
  const decoded: object = Object.fromEntries(message)
  return { from: voter.unpack(from), to: voter.unpack(to), message: decoded as Message }
}

export function encodeEntry(value: Entry): Uint8Array {
  return pack(entry.pack(value))
}

export function decodeEntry(encoded: Uint8Array): Entry {
  return entry.unpack(unpack(encoded))
}

export function encodeHardState(value: HardState): Uint8Array {
  return pack(hardState.pack(value))
}

export function decodeHardState(encoded: Uint8Array): HardState {
  return hardState.unpack(unpack(encoded))
}

export function encodePosition(value: LogPosition): Uint8Array {
  return pack(position.pack(value))
}

export function decodePosition(encoded: Uint8Array): LogPosition {
  return position.unpack(unpack(encoded))
}

export function encodeSnapshot(value: Snapshot): Uint8Array {
  return pack([
    value.term,
    value.index,
    configuration.pack(value.configuration),
    bytes.pack(value.data),
  ])
}

export function decodeSnapshot(encoded: Uint8Array): Snapshot {
  const [term, index, voters, data] = items(unpack(encoded), 4)
  return {
    term: count.unpack(term),
    index: count.unpack(index),
    configuration: configuration.unpack(voters),
    data: bytes.unpack(data),
  }
}

const packr = new Packr({ useRecords: false, mapsAsObjects: false })

function pack(wire: unknown): Uint8Array {
  const packed: Uint8Array = packr.pack(wire)
  return new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength)
}

function unpack(encoded: Uint8Array): unknown {
  const problem = messagePackProblem(encoded, depthMax)
  if (problem !== undefined) throw new RaftDecodeError(problem)
  return packr.unpack(encoded)
}
