import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { concatBytes, fromHex, seededRandom } from '@klamm/base'
import { compressSync } from 'snappy'
import { expect, test } from 'vitest'
import { compressionNames } from './batch-header.ts'
import { compress, decompress } from './compression.ts'
import { RecordsError } from './records-error.ts'
import { errorNameOf } from './testing/error-name.ts'

const codecs = compressionNames.filter(name => name !== 'none')
const cap = 1 << 20

/** Compressible and not, in turns. */
function sample(length: number): Uint8Array {
  const random = seededRandom(`sample ${length}`)
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (i >> 10) % 2 === 0 ? i % 7 : random.below(256)
  return bytes
}

for (const codec of codecs) {
  test(`${codec} gives back what it was given, of any size`, () => {
    for (const length of [0, 1, 5, 100, 32 * 1024, 32 * 1024 + 1, 300_000]) {
      const bytes = sample(length)
      expect(sha(decompress(codec, compress(codec, bytes), cap))).toBe(sha(bytes))
    }
  })

  test(`${codec} reads a view in the middle of other bytes`, () => {
    const compressed = compress(codec, sample(1000))
    const padded = concatBytes([new Uint8Array(13), compressed, new Uint8Array(13)])
    const view = padded.subarray(13, 13 + compressed.length)
    expect(sha(decompress(codec, view, cap))).toBe(sha(sample(1000)))
  })

  test(`${codec} stops at the bound and not before`, () => {
    const compressed = compress(codec, sample(100_000))
    expect(decompress(codec, compressed, 100_000)).toHaveLength(100_000)
    expect(errorNameOf(() => decompress(codec, compressed, 99_999))).toBe('MESSAGE_TOO_LARGE')
  })

  test(`${codec} refuses what is cut off anywhere`, () => {
    const compressed = compress(codec, sample(2000))
    for (let length = 0; length < compressed.length; length += 1 + (length >> 5)) {
      // Xerial framing has no end mark: between two blocks, or with none, it looks whole.
      if (codec === 'snappy' && length === 16) continue
      const name = errorNameOf(() => decompress(codec, compressed.subarray(0, length), cap))
      expect(name, `${length} of ${compressed.length} bytes`).toBe('INVALID_RECORD')
    }
  })

  test(`${codec} gives bytes or a RecordsError, whatever it gets`, () => {
    const random = seededRandom(`garbage for ${codec}`)
    const valid = compress(codec, sample(3000))
    for (let round = 0; round < 2000; round++) {
      const bytes = round % 4 === 0 ? random.bytes(random.below(200)) : mutated(valid, random)
      expect(settle(() => decompress(codec, bytes, 10_000))).toBeLessThanOrEqual(10_000)
    }
  })
}

test('an unchanged batch is not copied', () => {
  const bytes = sample(10)
  expect(compress('none', bytes)).toBe(bytes)
  expect(decompress('none', bytes, 10)).toBe(bytes)
  expect(errorNameOf(() => decompress('none', bytes, 9))).toBe('MESSAGE_TOO_LARGE')
})

test('bombs of 1 GiB stop at the bound without taking its memory', () => {
  const chunk = new Uint8Array(1 << 20)
  const gzipBomb = concatBytes(Array.from({ length: 1024 }, () => gzipOf(chunk)))
  const zstdBomb = concatBytes(Array.from({ length: 1024 }, () => zstdCompressSync(chunk)))
  const before = process.memoryUsage().rss
  expect(errorNameOf(() => decompress('gzip', gzipBomb, cap))).toBe('MESSAGE_TOO_LARGE')
  expect(errorNameOf(() => decompress('zstd', zstdBomb, cap))).toBe('MESSAGE_TOO_LARGE')
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * cap)
})

let gzipped: Uint8Array | undefined
function gzipOf(chunk: Uint8Array): Uint8Array {
  gzipped ??= gzipSync(chunk)
  return gzipped
}

test('one zstd frame of 1 GiB, 32 KB long, stops at the bound', () => {
  // Written in one go: the frame declares its content size.
  const bomb = zstdCompressSync(new Uint8Array(1 << 30), {
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
  })
  expect(bomb.length).toBeLessThan(200_000)
  expect(errorNameOf(() => decompress('zstd', bomb, cap))).toBe('MESSAGE_TOO_LARGE')
})

// Snappy.

test('a raw snappy block, as librdkafka writes it, is read', () => {
  const raw = compressSync(Buffer.from(sample(5000)))
  expect(sha(decompress('snappy', raw, cap))).toBe(sha(sample(5000)))
  // "abc" by hand: length 3, a literal of 3.
  expect(decompress('snappy', fromHex('03 08 616263'), cap)).toEqual(Buffer.from('abc'))
})

test('xerial framing by hand: two blocks', () => {
  const framed = fromHex('82534e4150505900 00000001 00000001 00000005 0308616263 00000004 02046465')
  expect(decompress('snappy', framed, cap)).toEqual(Buffer.from('abcde'))
})

test('a snappy block that claims 4 GiB is refused before anything is allocated', () => {
  expect(errorNameOf(() => decompress('snappy', fromHex('ffffffff0f 00'), 2 ** 32))).toBe(
    'INVALID_RECORD',
  )
  expect(errorNameOf(() => decompress('snappy', fromHex('ffffffffff7f 00'), cap))).toBe(
    'INVALID_RECORD',
  )
})

test('a snappy length that lies, if only by a little, is refused', () => {
  expect(errorNameOf(() => decompress('snappy', fromHex('04 08 616263'), cap))).toBe(
    'INVALID_RECORD',
  )
})

// LZ4.

const lz4OfAbc = '04224d18 60 40 82 03000080 616263 00000000'

test('an LZ4 frame by hand, with a block stored as it is', () => {
  expect(decompress('lz4', fromHex(lz4OfAbc), cap)).toEqual(Buffer.from('abc'))
})

test('LZ4 frames one after the other are all read', () => {
  const frames = fromHex(lz4OfAbc + lz4OfAbc)
  expect(decompress('lz4', frames, cap)).toEqual(Buffer.from('abcabc'))
  expect(errorNameOf(() => decompress('lz4', frames, 5))).toBe('MESSAGE_TOO_LARGE')
})

test('an LZ4 frame with checksums and content size is read, and refused when they are wrong', () => {
  // Written by the reference command line: `lz4 --content-size -BX` of a file with abc.
  const whole = '04224d18 7c 40 0300000000000000 74 03000080 616263 ff53d132 00000000 ff53d132'
  const frame = fromHex(whole)
  expect(decompress('lz4', frame, cap)).toEqual(Buffer.from('abc'))
  for (const at of [6, 14, 19, 24, 31]) {
    const changed = frame.slice()
    changed[at] = (changed[at] as number) ^ 1
    expect(
      errorNameOf(() => decompress('lz4', changed, cap)),
      `byte ${at}`,
    ).toBe('INVALID_RECORD')
  }
})

const lz4Lies = [
  { lie: 'no end mark', hex: '04224d18 60 40 82 03000080 616263' },
  { lie: 'a header and nothing else', hex: '04224d18 60 40 82' },
  { lie: 'four bytes that are no frame', hex: 'deadbeef' },
  { lie: 'nothing', hex: '' },
  { lie: 'bytes after the frame', hex: `${lz4OfAbc} 00` },
  {
    lie: 'a block beyond the maximum',
    hex: `04224d18 60 40 82 01000180 ${'00'.repeat(65_537)} 00000000`,
  },
  { lie: 'a wrong header checksum', hex: lz4OfAbc.replace('82', '83') },
  { lie: 'a block size that does not exist', hex: lz4OfAbc.replace('40', '30') },
  { lie: 'a dictionary', hex: lz4OfAbc.replace(' 60', ' 61') },
  { lie: 'the legacy format', hex: '02214c18 04000000 30616263' },
  { lie: 'a match before the beginning', hex: '04224d18 60 40 82 04000000 1061 0500 00000000' },
]
for (const { lie, hex } of lz4Lies) {
  test(`LZ4: ${lie} is refused`, () => {
    expect(errorNameOf(() => decompress('lz4', fromHex(hex), cap))).toBe('INVALID_RECORD')
  })
}

test('an LZ4 block of 64 KiB that stands for 16 MiB stops at the bound', () => {
  const block = new Uint8Array(65_536).fill(0xff)
  // One literal, then a match of which every further byte adds 255.
  block.set([0x1f, 0x61, 0x01, 0x00], 0)
  block.set([0x00, 0x50, 0x61, 0x61, 0x61, 0x61, 0x61], block.length - 7)
  const bomb = concatBytes([fromHex('04224d18 60 70 73 00000100'), block, new Uint8Array(4)])
  expect(errorNameOf(() => decompress('lz4', bomb, cap))).toBe('MESSAGE_TOO_LARGE')
})

function mutated(valid: Uint8Array, random: ReturnType<typeof seededRandom>): Uint8Array {
  const bytes = valid.slice(0, random.chance(0.3) ? random.below(valid.length) : valid.length)
  for (let i = random.below(4); i >= 0 && bytes.length > 0; i--) {
    // The first bytes carry the lengths.
    const at = random.below(random.chance(0.5) ? Math.min(24, bytes.length) : bytes.length)
    bytes[at] = random.below(256)
  }
  return bytes
}

/** Length of what comes out, -1 for a RecordsError; anything else passes through. */
function settle(work: () => Uint8Array): number {
  try {
    return work().length
  } catch (error) {
    if (error instanceof RecordsError) return -1
    throw error
  }
}

function sha(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex')
}
