import { seededRandom } from '@klamm/base'
import { expect, test } from 'vitest'
import { crc32c, crc32cByTable } from './crc32c.ts'

const vectors = [
  { name: 'the digits', bytes: new TextEncoder().encode('123456789'), crc: 0xe3069283 },
  // RFC 3720, appendix B.4.
  { name: '32 bytes of zeros', bytes: new Uint8Array(32), crc: 0x8a9136aa },
  { name: '32 bytes of ones', bytes: new Uint8Array(32).fill(0xff), crc: 0x62a8ab43 },
  { name: '0 to 31', bytes: Uint8Array.from({ length: 32 }, (_, i) => i), crc: 0x46dd794e },
  { name: 'nothing', bytes: new Uint8Array(0), crc: 0 },
]

for (const { name, bytes, crc } of vectors) {
  test(`the checksum of ${name} is the published one`, () => {
    expect(crc32c(bytes)).toBe(crc)
    expect(crc32cByTable(bytes)).toBe(crc)
  })
}

test('table and native code agree on every length around the switch, and on views', () => {
  const bytes = seededRandom('crc32c').bytes(1000)
  for (let length = 0; length < 600; length++) {
    const view = bytes.subarray(7, 7 + length)
    expect(crc32c(view)).toBe(crc32cByTable(view))
  }
})

test('a checksum over chunks, short and long, is that of the whole', () => {
  const random = seededRandom('chunks')
  for (let round = 0; round < 50; round++) {
    const bytes = random.bytes(random.below(300))
    const cut = random.below(bytes.length + 1)
    const chained = crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))
    expect(chained).toBe(crc32cByTable(bytes))
  }
})
