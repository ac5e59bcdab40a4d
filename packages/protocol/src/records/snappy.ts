// Snappy as Kafka's clients write it: one raw block (librdkafka, Go), or blocks in the framing of
// snappy-java (the Java client), which everybody calls xerial. Sizes are checked before native code
// sees the bytes: it would allocate whatever a block claims.

import { Buffer } from 'node:buffer'
import { compressSync, uncompressSync } from 'snappy'
import { RecordsError } from './records-error.ts'

/** Magic, then version 1 and compatible version 1. */
const xerialHeader = Buffer.from('82534e4150505900' + '00000001' + '00000001', 'hex')
const xerialMagicBytes = 8
const xerialBlockBytes = 32 * 1024

/** Two bytes can stand for 11 and three for 64: no block grows more than this. */
const maxRatio = 22

/** In xerial framing, which every consumer reads. */
export function snappyCompress(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [xerialHeader]
  for (let start = 0; start < bytes.length; start += xerialBlockBytes) {
    const block = compressSync(bytes.subarray(start, start + xerialBlockBytes))
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** Either form. Throws RecordsError. */
export function snappyDecompress(bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  if (!isXerial(bytes)) {
    checkOutput(declaredLength(bytes), maxOutputBytes)
    return uncompressed(bytes)
  }
  const blocks = xerialBlocks(bytes)
  let outputBytes = 0
  for (const block of blocks) outputBytes += declaredLength(block)
  checkOutput(outputBytes, maxOutputBytes)
  const parts: Uint8Array[] = []
  for (const block of blocks) parts.push(uncompressed(block))
  return Buffer.concat(parts)
}

function isXerial(bytes: Uint8Array): boolean {
  if (bytes.length < xerialHeader.length) return false
  return xerialHeader.compare(bytes, 0, xerialMagicBytes, 0, xerialMagicBytes) === 0
}

function xerialBlocks(bytes: Uint8Array): Uint8Array[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks: Uint8Array[] = []
  let at = xerialHeader.length
  while (at < view.length) {
    if (view.length - at < 4) throw new RecordsError('INVALID_RECORD', 'snappy: a block is cut')
    const length = view.readUInt32BE(at)
    at += 4
    if (length > view.length - at) {
      throw new RecordsError('INVALID_RECORD', `snappy: a block of ${length} bytes is cut`)
    }
    blocks.push(view.subarray(at, at + length))
    at += length
  }
  return blocks
}

/** The length a raw block begins with, as a varint. */
function declaredLength(block: Uint8Array): number {
  let length = 0
  for (let i = 0; i < 5; i++) {
    const byte = block[i]
    if (byte === undefined) break
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte > 0x7f) continue
    if (length > block.length * maxRatio) {
      throw new RecordsError('INVALID_RECORD', `snappy: ${block.length} bytes are not ${length}`)
    }
    return length
  }
  throw new RecordsError('INVALID_RECORD', 'snappy: no length')
}

function checkOutput(outputBytes: number, maxOutputBytes: number): void {
  if (outputBytes <= maxOutputBytes) return
  throw new RecordsError('MESSAGE_TOO_LARGE', `snappy: ${outputBytes} bytes of records`)
}

function uncompressed(block: Uint8Array): Uint8Array {
  try {
    return uncompressSync(block) as Uint8Array
  } catch (cause) {
    throw new RecordsError('INVALID_RECORD', 'snappy: a block does not decompress', { cause })
  }
}
