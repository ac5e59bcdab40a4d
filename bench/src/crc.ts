// CRC-32C by table and by native code: below which size the call costs more than it saves.

import { seededRandom } from '@klamm/base'
import { crc32c, crc32cByTable, crc32cNative } from '@klamm/protocol'
import type { Comparison } from './compare.ts'

const sizes = [32, 48, 64, 96, 128, 256, 1024, 16 * 1024, 1024 * 1024]

export function comparisons(): Comparison[] {
  return sizes.map(size => {
    const bytes = seededRandom('crc').bytes(size)
    return {
      name: `checksum of ${size} bytes`,
      variants: [
        { name: 'table', run: () => crc32cByTable(bytes) },
        { name: 'native', run: () => crc32cNative(bytes) },
        { name: 'as the broker does', run: () => crc32c(bytes) },
      ],
    }
  })
}
