// The four codecs of record batches, each with a hard bound on what comes out. Synchronous and
// deterministic, so that the same code runs under simulation. Any bytes give records or a
// RecordsError; nothing is allocated on the word of the peer alone.

import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { CompressionName } from './batch-header.ts'
import { lz4Compress, lz4Decompress } from './lz4.ts'
import { RecordsError } from './records-error.ts'
import { snappyCompress, snappyDecompress } from './snappy.ts'

export interface Codec {
  compress(bytes: Uint8Array): Uint8Array
  decompress(bytes: Uint8Array, maxOutputBytes: number): Uint8Array
}

/** `none` gives back the same bytes, without copying them. */
export function compress(codec: CompressionName, bytes: Uint8Array): Uint8Array {
  return codecs[codec].compress(bytes)
}

/**
 * At most `maxOutputBytes` (at least 1), else RecordsError MESSAGE_TOO_LARGE; INVALID_RECORD for
 * bytes that the codec did not write. `none` gives back the same bytes, without copying them.
 */
export function decompress(
  codec: CompressionName,
  bytes: Uint8Array,
  maxOutputBytes: number,
): Uint8Array {
  return codecs[codec].decompress(bytes, maxOutputBytes)
}

const codecs: Readonly<Record<CompressionName, Codec>> = {
  none: {
    compress: bytes => bytes,
    decompress(bytes, maxOutputBytes) {
      if (bytes.length <= maxOutputBytes) return bytes
      throw new RecordsError('MESSAGE_TOO_LARGE', `${bytes.length} bytes of records`)
    },
  },
  gzip: {
    compress: bytes => gzipSync(bytes),
    decompress: (bytes, maxOutputLength) =>
      bounded('gzip', () => gunzipSync(bytes, { maxOutputLength })),
  },
  snappy: { compress: snappyCompress, decompress: snappyDecompress },
  lz4: { compress: lz4Compress, decompress: lz4Decompress },
  zstd: {
    compress: bytes => zstdCompressSync(bytes),
    decompress: (bytes, maxOutputLength) =>
      bounded('zstd', () => zstdDecompressSync(bytes, { maxOutputLength })),
  },
}

/** Both zlib codecs stop at the bound by themselves. */
function bounded(codec: string, work: () => Uint8Array): Uint8Array {
  try {
    return work()
  } catch (cause) {
    const isTooLarge = cause instanceof RangeError
    throw new RecordsError(
      isTooLarge ? 'MESSAGE_TOO_LARGE' : 'INVALID_RECORD',
      isTooLarge ? `${codec}: more than the bound` : `${codec}: the records do not decompress`,
      { cause },
    )
  }
}
