// What Java's sticky assignors put into the user data of a subscription. `sticky`: what the member
// had, [topic, [partition]], and since v1 the generation; `cooperative-sticky`: the generation.
// Bytes of others may be anything: what cannot be read is as if it were not there.

import { type Partitions, partitionsOf, type TopicPartition } from './partitions.ts'

interface StickyUserData {
  readonly owned: Partitions
  /** -1 from members of before v1. */
  readonly generationId: number
}

export function encodeStickyUserData(owned: Partitions, generationId: number): Uint8Array {
  let byteLength = 8
  for (const [topic, partitions] of owned) byteLength += 6 + topic.length + 4 * partitions.length
  const bytes = new Uint8Array(byteLength)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, owned.size)
  let at = 4
  for (const [topic, partitions] of owned) {
    view.setInt16(at, topic.length)
    at += 2
    // The name of a topic has letters, digits, dots, underscores and dashes only.
    for (let i = 0; i < topic.length; i++) bytes[at++] = topic.charCodeAt(i)
    view.setInt32(at, partitions.length)
    at += 4
    for (const partition of partitions) {
      view.setInt32(at, partition)
      at += 4
    }
  }
  view.setInt32(at, generationId)
  return bytes
}

export function decodeStickyUserData(bytes: Uint8Array): StickyUserData | undefined {
  try {
    return readStickyUserData(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  } catch (error) {
    // DataView says so when the bytes end too early.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function readStickyUserData(view: DataView): StickyUserData | undefined {
  const list: TopicPartition[] = []
  let at = 0
  const int32 = (): number => {
    at += 4
    return view.getInt32(at - 4)
  }
  for (let topics = int32(); topics > 0; topics--) {
    const length = view.getInt16(at)
    at += 2
    if (length < 0) return undefined
    let topic = ''
    for (const end = at + length; at < end; at++) topic += String.fromCharCode(view.getUint8(at))
    for (let count = int32(); count > 0; count--) list.push({ topic, partition: int32() })
  }
  const generationId = view.byteLength - at >= 4 ? int32() : -1
  return { owned: partitionsOf(list), generationId }
}

export function encodeGeneration(generationId: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, generationId)
  return bytes
}

export function decodeGeneration(bytes: Uint8Array): number | undefined {
  if (bytes.byteLength < 4) return undefined
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(0)
}
