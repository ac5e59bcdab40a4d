// Random messages that a table allows, by seed: every kind of value, with the extremes that codecs
// get wrong.

import type { Random } from '@klamm/base'
import { type Fields, isCarried, type Message, type ScalarKind, type Wire } from '../schema.ts'

/**
 * A message as it is read back: what the version does not carry holds its default, records are one
 * chunk or none.
 */
export function randomMessage<F extends Fields>(
  random: Random,
  fields: F,
  version: number,
): Message<F> {
  const message: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const { tag, wire } = field
    const isDefault = !isCarried(field, version) || (tag !== undefined && random.chance(0.3))
    const isNull = version >= field.nullableSince && random.chance(0.2)
    message[name] = isDefault ? field.default : isNull ? null : randomValue(random, wire, version)
  }
  return message as Message<F>
}

function randomValue(random: Random, wire: Wire, version: number): unknown {
  if (wire.kind === 'struct') return randomMessage(random, wire.fields, version)
  if (wire.kind !== 'array') return randomScalar(random, wire.kind)
  const items: unknown[] = []
  // 127 and 128 elements: where the compact count takes a second byte.
  const isLong = wire.element.kind !== 'struct' && random.chance(0.1)
  const count = isLong ? 126 + random.below(3) : random.below(4)
  while (items.length < count) items.push(randomValue(random, wire.element, version))
  return items
}

function randomScalar(random: Random, kind: ScalarKind): unknown {
  switch (kind) {
    case 'int8':
      return random.pick([0, 1, -1, 127, -128, random.below(100)])
    case 'int16':
      return random.pick([0, 1, -1, 0x7fff, -0x8000, random.below(0x7fff)])
    case 'uint16':
      return random.pick([0, 0xffff, 0x8000, random.below(0x10000)])
    case 'int32':
      return random.pick([0, 1, -1, 0x7fffffff, -0x80000000, random.u32() | 0])
    case 'int64':
    case 'int64Clamped':
      return random.pick(int64s) + random.pick([0, 1, -1])
    case 'bool':
      return random.chance(0.5)
    case 'uuid':
      return Buffer.from(random.bytes(16)).toString('base64url')
    case 'string':
      return randomString(random)
    case 'bytes':
      return random.bytes(random.pick(byteLengths))
    case 'records':
      return random.chance(0.1) ? [] : [random.bytes(1 + random.pick(byteLengths))]
  }
}

/** Either side of what 32 bits can hold, and near both ends of what a number can. */
const int64s = [
  0,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  -(2 ** 32),
  1_700_000_000_000,
  Number.MAX_SAFE_INTEGER - 1,
  Number.MIN_SAFE_INTEGER + 1,
]

/** Either side of a two-byte compact length, and of what is sent by reference. */
const byteLengths = [0, 1, 3, 126, 127, 128, 4095, 4096, 5000]

const alphabet = ['a', 'Z', '0', '.', '-', 'é', '日', '😀']

function randomString(random: Random): string {
  // 24 and 25: where short strings end; 126 to 128: where the compact length grows.
  const length = random.pick([0, 1, 5, 23, 24, 25, 126, 127, 128, 300])
  const characters = random.chance(0.7) ? alphabet.slice(0, 5) : alphabet
  let text = ''
  while (text.length < length) text += random.pick(characters)
  return text
}
