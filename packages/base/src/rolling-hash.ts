// A running hash of everything that happened: two runs with the same seed must end with the same
// one. Two 32-bit lanes in the manner of FNV-1a. Not for secrets, not against an adversary.

/** Order matters; what is mixed in is not delimited: mix a length or a tag where it could blur. */
export class RollingHash {
  #a = 0x811c9dc5
  #b = 0x9e3779b9

  /** Mixes in 32 bits. */
  u32(value: number): void {
    this.#mix(value)
  }

  /** Mixes in any number: all its bits, so 1 and 1.5 differ. */
  number(value: number): void {
    float[0] = value
    this.u32(floatBits[0] ?? 0)
    this.u32(floatBits[1] ?? 0)
  }

  text(value: string): void {
    this.#mix(value.length)
    for (let i = 0; i < value.length; i++) this.#mix(value.charCodeAt(i))
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length)
    const wholeBytes = value.length & ~3
    for (let i = 0; i < wholeBytes; i += 4) {
      const low = (value[i] ?? 0) | ((value[i + 1] ?? 0) << 8)
      this.#mix(low | ((value[i + 2] ?? 0) << 16) | ((value[i + 3] ?? 0) << 24))
    }
    for (let i = wholeBytes; i < value.length; i++) this.#mix(value[i] ?? 0)
  }

  /** 16 hexadecimal digits. The hash can go on. */
  digest(): string {
    return finish(this.#a) + finish(this.#b)
  }

  /** Multiplication carries a bit upwards only; the shift brings the upper ones back down. */
  #mix(word: number): void {
    const a = Math.imul(this.#a ^ word, 0x01000193)
    this.#a = a ^ (a >>> 15)
    const b = Math.imul(this.#b ^ word, 0x85ebca6b)
    this.#b = b ^ (b >>> 13)
  }
}

const float = new Float64Array(1)
const floatBits = new Uint32Array(float.buffer)

function finish(lane: number): string {
  let h = lane ^ (lane >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return ((h ^ (h >>> 16)) >>> 0).toString(16).padStart(8, '0')
}
