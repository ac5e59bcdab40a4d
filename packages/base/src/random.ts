// Randomness as an argument. A seeded generator gives the same numbers for the same seed, and every
// named sub-stream is independent: removing one consumer does not shift the numbers of another.

export interface Random {
  /** An integer in [0, 2^32). */
  u32(): number
  /** An integer in [0, bound). */
  below(bound: number): number
  /** A number in [0, 1). */
  float(): number
  /** True with the given probability. */
  chance(probability: number): boolean
  /** One element, uniformly. */
  pick<T>(items: readonly T[]): T
  bytes(length: number): Uint8Array
  /** An independent generator, determined by this generator's seed and the name alone. */
  fork(name: string): Random
}

/** xoshiro128** seeded by splitmix: small, fast, good enough for everything but secrets. */
export function seededRandom(seed: number | string): Random {
  return new Xoshiro(typeof seed === 'number' ? `${seed}` : seed)
}

/** FNV-1a with a final mix: turns a name into 32 bits. */
function hash(text: string, salt: number): number {
  let h = (0x811c9dc5 ^ salt) >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0
  return (h ^ (h >>> 16)) >>> 0
}

class Xoshiro implements Random {
  readonly #name: string
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(name: string) {
    this.#name = name
    this.#a = hash(name, 1)
    this.#b = hash(name, 2)
    this.#c = hash(name, 3)
    // Never all zero, the one state the generator cannot leave.
    this.#d = hash(name, 4) | 1
  }

  u32(): number {
    const result = Math.imul(rotl(Math.imul(this.#b, 5), 7), 9) >>> 0
    const t = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= t
    this.#d = rotl(this.#d, 11)
    return result
  }

  below(bound: number): number {
    return Math.floor(this.float() * bound)
  }

  float(): number {
    return ((this.u32() >>> 5) * 67108864 + (this.u32() >>> 6)) / 9007199254740992
  }

  chance(probability: number): boolean {
    return this.float() < probability
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new RangeError('pick from an empty list')
    return item
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) bytes[i] = this.u32() & 0xff
    return bytes
  }

  fork(name: string): Random {
    return new Xoshiro(`${this.#name}/${name}`)
  }
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k))
}
