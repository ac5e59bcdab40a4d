// Frames out of a stream that is cut anywhere, and messages that are not what they say.

import { seededRandom } from '@klamm/base'
import { expect, test } from 'vitest'
import { Fetch } from './apis/fetch.ts'
import { Heartbeat } from './apis/heartbeat.ts'
import { Produce } from './apis/produce.ts'
import { DecodeError } from './decode-error.ts'
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  FrameReader,
} from './frame.ts'
import { peekRequestHeader } from './header.ts'
import { defaultsOf, zeroUuid } from './schema.ts'
import { bytesOf, hexOf } from './testing/golden.ts'

function framed(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + payload.byteLength)
  new DataView(frame.buffer).setInt32(0, payload.byteLength)
  frame.set(payload, 4)
  return frame
}

function take(reader: FrameReader): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame)
  return frames
}

test('frames come out whole and in order, however the stream is cut', () => {
  for (const pieces of [1, 3, 100, 5000, 70_000]) {
    const random = seededRandom(`pieces ${pieces}`)
    const sent = [0, 1, 3, 4, 100, 4096, 20_000, 0, 60_000, 7].map(n => random.bytes(n))
    const stream = Buffer.concat(sent.map(framed))
    const reader = new FrameReader()
    const received: Uint8Array[] = []
    for (let at = 0; at < stream.byteLength; ) {
      const chunk = new Uint8Array(stream.subarray(at, at + 1 + random.below(pieces)))
      at += chunk.byteLength
      reader.push(chunk)
      received.push(...take(reader))
    }
    expect(received.map(frame => hexOf([frame]))).toEqual(sent.map(frame => hexOf([frame])))
    expect(reader.bufferedBytes).toBe(0)
  }
})

test('a frame handed out keeps its bytes when more arrives behind it', () => {
  const reader = new FrameReader()
  const first = framed(Uint8Array.of(1, 2, 3))
  // In small pieces, so that they are gathered, with the beginning of the next frame behind.
  reader.push(first.slice(0, 2))
  reader.push(first.slice(2, 5))
  reader.push(Uint8Array.of(...first.slice(5), 0, 0))
  const frame = reader.next()
  reader.push(Uint8Array.of(0, 2))
  reader.push(Uint8Array.of(8, 9))
  expect(frame).toEqual(Buffer.from([1, 2, 3]))
  expect(reader.next()).toEqual(Buffer.from([8, 9]))
})

test('a frame that lies in one chunk is a view of it', () => {
  const chunk = new Uint8Array([...framed(Uint8Array.of(1)), ...framed(Uint8Array.of(2, 3))])
  const reader = new FrameReader()
  reader.push(chunk)
  const frames = take(reader)
  expect(frames).toEqual([Uint8Array.of(1), Uint8Array.of(2, 3)])
  for (const frame of frames) expect(frame.buffer).toBe(chunk.buffer)
})

test('a claimed length allocates nothing', () => {
  const reader = new FrameReader({ maxFrameBytes: 0x7fffffff })
  reader.push(Uint8Array.of(0x7f, 0xff, 0xff, 0xff))
  const before = process.memoryUsage().arrayBuffers
  expect(reader.next()).toBeUndefined()
  reader.push(new Uint8Array(10))
  expect(reader.next()).toBeUndefined()
  expect(reader.bufferedBytes).toBe(10)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
})

test('a length that is negative or beyond the limit is a DecodeError', () => {
  const limited = (hex: string): FrameReader => {
    const reader = new FrameReader({ maxFrameBytes: 16 })
    reader.push(bytesOf(hex))
    return reader
  }
  expect(limited(`00000010 ${'00'.repeat(16)}`).next()).toHaveLength(16)
  expect(() => limited('00000011').next()).toThrow('frame of 17 bytes, 16 are accepted')
  expect(() => limited('ffffffff').next()).toThrow(DecodeError)
  expect(() => limited('80000000').next()).toThrow(DecodeError)
  // A TLS greeting and an HTTP request, to the wrong port.
  expect(() => limited('16030102').next()).toThrow(DecodeError)
  expect(() => limited('"GET "').next()).toThrow(DecodeError)
})

test('records are passed on as the chunks they are, and read as one view', () => {
  const chunks = [new Uint8Array(5000).fill(1), new Uint8Array(3).fill(2), new Uint8Array(4096)]
  const partition = { ...produceRequest(chunks) }
  const sent = encodeRequest(Produce, 9, 1, null, partition)
  expect(sent).toContain(chunks[0])
  expect(sent).toContain(chunks[2])
  const frame = new Uint8Array(Buffer.concat(sent).subarray(4))
  const { bodyOffset } = peekRequestHeader(frame)
  const records = decodeRequest(Produce, 9, frame, bodyOffset).topicData[0]?.partitionData[0]
    ?.records
  expect(records).toHaveLength(1)
  expect(hexOf(records ?? [])).toBe(hexOf(chunks))
  expect(records?.[0]?.buffer).toBe(frame.buffer)
})

test('records of no bytes are no chunks, and null is null', () => {
  for (const records of [[], null]) {
    const frame = Buffer.concat(encodeRequest(Produce, 9, 1, null, produceRequest(records)))
    const { bodyOffset } = peekRequestHeader(frame.subarray(4))
    const read = decodeRequest(Produce, 9, frame.subarray(4), bodyOffset)
    expect(read.topicData[0]?.partitionData[0]?.records).toEqual(records)
  }
})

function produceRequest(records: readonly Uint8Array[] | null) {
  return {
    ...defaultsOf(Produce.request),
    topicData: [{ name: 't', topicId: zeroUuid, partitionData: [{ index: 0, records }] }],
  }
}

test('an error names the message, the field and the byte', () => {
  const frame = bytesOf('00000001 00000000 00000001 0001 "t" 00000002 00000003 ffff')
  expect(() => decodeResponse(Fetch, 4, frame)).toThrow(
    'Fetch response v4.responses[0].partitions: array of 2 elements in 6 bytes at byte 15',
  )
  const cut = bytesOf('0000002a 00000009 00')
  expect(() => decodeResponse(Heartbeat, 1, cut)).toThrow(
    'Heartbeat response v1.errorCode: 2 bytes wanted, 1 left at byte 8',
  )
})

test('bytes behind the body are passed over', () => {
  const frame = bytesOf('0000002a 00000009 0000 ffff')
  expect(decodeResponse(Heartbeat, 1, frame).body).toEqual({ throttleTimeMs: 9, errorCode: 0 })
})

test('a version that the table does not describe is a bug of the caller', () => {
  const body = { throttleTimeMs: 0, errorCode: 0 }
  expect(() => encodeResponse(Heartbeat, 5, 1, body)).toThrow('Heartbeat v5')
  expect(() => decodeRequest(Fetch, 3, new Uint8Array(100), 0)).toThrow('Fetch v3')
})
