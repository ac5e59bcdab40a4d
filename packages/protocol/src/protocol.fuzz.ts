// Any bytes are a message or a DecodeError, never another error, and never much more memory than
// the bytes themselves. `node packages/protocol/src/protocol.fuzz.ts [seed] [seconds]` goes on for
// as long as told; the unit test runs a bounded part of it.

import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { type Random, seededRandom } from '@klamm/base'
import { apiSchemas } from './apis/index.ts'
import { ConsumerProtocolAssignment } from './consumer-protocol/assignment.ts'
import { ConsumerProtocolSubscription } from './consumer-protocol/subscription.ts'
import {
  decodeCoordinatorKey,
  decodeGroupMetadataValue,
  decodeOffsetCommitValue,
} from './coordinator-records.ts'
import { DecodeError } from './decode-error.ts'
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  FrameReader,
} from './frame.ts'
import { peekRequestHeader } from './header.ts'
import type { ApiSchema } from './schema.ts'
import { randomMessage } from './testing/random-message.ts'
import { decodeVersioned } from './versioned.ts'

export interface FuzzCounts {
  decoded: number
  refused: number
}

/** Decodes one mutated or random frame in every way there is. Throws when anything is wrong. */
export function fuzzOnce(random: Random, counts: FuzzCounts): void {
  const schema = random.pick(apiSchemas)
  const version = schema.versions[0] + random.below(schema.versions[1] - schema.versions[0] + 1)
  const isRequest = random.chance(0.5)
  const whole = isRequest
    ? encodeRequest(schema, version, 1, 'c', randomMessage(random, schema.request, version))
    : encodeResponse(schema, version, 1, randomMessage(random, schema.response, version))
  const frame = mutated(random, Buffer.concat(whole).subarray(4))
  attempt(counts, frame, () =>
    isRequest ? readRequest(schema, version, frame) : decodeResponse(schema, version, frame),
  )
  fuzzData(random, counts, frame)
}

function readRequest(schema: ApiSchema, version: number, frame: Uint8Array): unknown {
  return decodeRequest(schema, version, frame, peekRequestHeader(frame).bodyOffset)
}

function fuzzData(random: Random, counts: FuzzCounts, frame: Uint8Array): void {
  const bytes = frame.subarray(0, random.below(200))
  const small = Uint8Array.of(0, random.below(6), ...bytes)
  attempt(counts, small, () => decodeVersioned(ConsumerProtocolSubscription, small, 'asLast'))
  attempt(counts, small, () => decodeVersioned(ConsumerProtocolAssignment, small, 'asLast'))
  attempt(counts, small, () => decodeCoordinatorKey(small))
  attempt(counts, small, () => decodeGroupMetadataValue(small))
  attempt(counts, small, () => decodeOffsetCommitValue(small))
  attempt(counts, frame, () => readFrames(random, frame))
}

/** Feeds bytes in pieces; what comes out is no more than what went in. */
function readFrames(random: Random, bytes: Uint8Array): number {
  const reader = new FrameReader({ maxFrameBytes: 1000 })
  let total = 0
  for (let at = 0; at < bytes.byteLength; ) {
    const piece = bytes.slice(at, at + 1 + random.below(50))
    at += piece.byteLength
    reader.push(piece)
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      total += 4 + frame.byteLength
    }
  }
  if (total > bytes.byteLength) throw new Error(`${total} bytes out of ${bytes.byteLength}`)
  return total
}

/** Damage of the kinds that matter: cut, flipped bytes, huge lengths, garbage, pieces moved. */
function mutated(random: Random, frame: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(frame)
  const at = random.below(bytes.byteLength)
  switch (random.below(7)) {
    case 0:
      return bytes.slice(0, at)
    case 1:
      bytes[at] = random.u32() & 0xff
      return bytes
    case 2:
      bytes.set(Uint8Array.of(0x7f, 0xff, 0xff, 0xff).subarray(0, bytes.byteLength - at), at)
      return bytes
    case 3:
      // A varint of 2^32 - 1: the longest length that can be told.
      bytes.set(Uint8Array.of(255, 255, 255, 255, 15).subarray(0, bytes.byteLength - at), at)
      return bytes
    case 4:
      return random.bytes(1 + random.below(300))
    case 5:
      bytes.copyWithin(random.below(bytes.byteLength), at)
      return bytes
    default:
      return bytes
  }
}

/** Values (numbers, strings, objects, arrays) that a decoded message may hold per byte of it. */
const maxValuesPerByte = 16
/** What a message has when nothing of it is on the wire: defaults. */
const maxValuesOfNothing = 100

function attempt(counts: FuzzCounts, bytes: Uint8Array, decode: () => unknown): void {
  try {
    const values = countValues(decode())
    counts.decoded += 1
    if (values > maxValuesOfNothing + maxValuesPerByte * bytes.byteLength) {
      throw new Error(`${values} values out of ${bytes.byteLength} bytes`)
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    counts.refused += 1
  }
}

function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 1
  let count = 1
  for (const item of Object.values(value)) count += countValues(item)
  return count
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const seed = process.argv[2] ?? `${Date.now()}`
  const end = performance.now() + Number(process.argv[3] ?? 60) * 1000
  console.log(`SEED=${seed}`)
  const random = seededRandom(seed)
  const counts: FuzzCounts = { decoded: 0, refused: 0 }
  while (performance.now() < end) fuzzOnce(random, counts)
  console.log(counts)
}
