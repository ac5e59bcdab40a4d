// LZ4 frames. The native decoder has no limit, stops after the first frame and forgives a missing
// end; so the frames are walked here first (their blocks, and where needed the sequences in them),
// and it gets one whole frame at a time whose output is known to fit.

import { Buffer } from 'node:buffer'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { RecordsError } from './records-error.ts'

const frameMagic = 0x184d2204
const endMark = 0
/** Block size without the bit that says "stored as it is". */
const sizeMask = 0x7fffffff
const maxBlockBytesByCode = [0, 0, 0, 0, 65_536, 262_144, 1_048_576, 4_194_304] as const

/** Flags of a frame descriptor. */
const flag = {
  versionMask: 0xc0,
  version1: 0x40,
  blockChecksums: 0x10,
  contentSize: 0x08,
  contentChecksum: 0x04,
  reserved: 0x02,
  dictionary: 0x01,
} as const

interface Frame {
  /** Exclusive. */
  readonly end: number
  readonly outputBytes: number
}

export function lz4Compress(bytes: Uint8Array): Uint8Array {
  return compressFrameSync(asBuffer(bytes))
}

/** All frames, one after the other. Throws RecordsError. */
export function lz4Decompress(bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  const view = asBuffer(bytes)
  const parts: Uint8Array[] = []
  let room = maxOutputBytes
  let at = 0
  do {
    const frame = walkFrame(view, at, room)
    const part = decompressed(view.subarray(at, frame.end))
    if (part.length !== frame.outputBytes) throw invalid('a frame has another length than it says')
    parts.push(part)
    room -= part.length
    at = frame.end
  } while (at < view.length)
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
}

function walkFrame(view: Buffer, start: number, maxOutputBytes: number): Frame {
  need(view, start, 7)
  if (view.readUInt32LE(start) !== frameMagic) throw invalid('no frame')
  const flags = view.readUInt8(start + 4)
  const maxBlockBytes = blockBytesOf(view.readUInt8(start + 5))
  if ((flags & flag.versionMask) !== flag.version1 || (flags & flag.reserved) !== 0) {
    throw invalid('unknown version')
  }
  if ((flags & flag.dictionary) !== 0) throw invalid('a dictionary is needed')
  let at = start + 6
  let declaredBytes: number | undefined
  if ((flags & flag.contentSize) !== 0) {
    need(view, at, 8)
    declaredBytes = view.readUInt32LE(at) + view.readUInt32LE(at + 4) * 0x1_0000_0000
    at += 8
  }
  // The header checksum is left to the decoder.
  need(view, at, 1)
  at += 1
  let outputBytes = 0
  for (;;) {
    need(view, at, 4)
    const size = view.readUInt32LE(at)
    at += 4
    if (size === endMark) break
    const blockBytes = size & sizeMask
    if (blockBytes > maxBlockBytes) throw invalid(`a block of ${blockBytes} bytes`)
    need(view, at, blockBytes)
    outputBytes += size > sizeMask ? blockBytes : blockOutputBytes(view, at, at + blockBytes)
    if (outputBytes > maxOutputBytes) {
      throw new RecordsError('MESSAGE_TOO_LARGE', `lz4: more than ${maxOutputBytes} bytes`)
    }
    at += blockBytes + ((flags & flag.blockChecksums) !== 0 ? 4 : 0)
  }
  if (declaredBytes !== undefined && declaredBytes !== outputBytes) {
    throw invalid(`${outputBytes} bytes are said to be ${declaredBytes}`)
  }
  if ((flags & flag.contentChecksum) !== 0) {
    need(view, at, 4)
    at += 4
  }
  return { end: at, outputBytes }
}

function blockBytesOf(descriptor: number): number {
  const bytes = (descriptor & 0x8f) !== 0 ? 0 : maxBlockBytesByCode[descriptor >> 4]
  if (bytes === undefined || bytes === 0) throw invalid('unknown block size')
  return bytes
}

/**
 * What a compressed block comes to, by adding up its sequences: literals, then a match. The last
 * sequence has literals only.
 */
function blockOutputBytes(view: Buffer, start: number, end: number): number {
  let output = 0
  let at = start
  while (at < end) {
    const token = view[at++] as number
    let literals = token >> 4
    if (literals === 15) {
      let byte = 255
      while (byte === 255) {
        if (at >= end) throw invalid('a block is cut')
        byte = view[at++] as number
        literals += byte
      }
    }
    output += literals
    at += literals
    if (at === end) return output
    // Two bytes of match offset.
    at += 2
    if (at > end) break
    let match = (token & 15) + 4
    if (match === 19) {
      let byte = 255
      while (byte === 255) {
        if (at >= end) throw invalid('a block is cut')
        byte = view[at++] as number
        match += byte
      }
    }
    output += match
  }
  throw invalid('a block is cut')
}

function decompressed(frame: Buffer): Uint8Array {
  try {
    return decompressFrameSync(frame)
  } catch (cause) {
    throw new RecordsError('INVALID_RECORD', 'lz4: a frame does not decompress', { cause })
  }
}

function need(view: Buffer, at: number, byteLength: number): void {
  if (byteLength > view.length - at) throw invalid('a frame is cut')
}

function invalid(problem: string): RecordsError {
  return new RecordsError('INVALID_RECORD', `lz4: ${problem}`)
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
