// A digest of an image: equal for equal content, whatever way it came about. What the checkers
// compare between brokers at one position of the log. Not for secrets.

import { batchToPlain } from '../records/registry.ts'
import type { MetadataImage } from './image.ts'

/** 16 hexadecimal digits; the position is not part of it. Costs as much as the cluster is big. */
export function imageHash(image: MetadataImage): string {
  const text = JSON.stringify(batchToPlain(image.toRecords()))
  return hex(fnv(text, 0x811c9dc5)) + hex(fnv(text, 0x9747b28c))
}

function fnv(text: string, seed: number): number {
  let hash = seed
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    hash ^= hash >>> 13
  }
  return hash >>> 0
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}
