// A running hash of everything that happened: two runs with the same seed must end with the same
// one. FNV-1a in two 32-bit lanes. Not for secrets, not against an adversary.

/** Order matters; what is mixed in is not delimited: mix a length or a tag where it could blur. */
export class RollingHash {
  #a = 0x811c9dc5
  #b = 0x9e3779b9

  /** Mixes in 32 bits. */
  u32(value: number): void {
    this.#a = Math.imul(this.#a ^ (value & 0xffff), 0x01000193)
    this.#a = Math.imul(this.#a ^ (value >>> 16), 0x01000193)
    this.#b = Math.imul((this.#b ^ value) >>> 0, 0x85ebca6b)
    this.#b ^= this.#b >>> 13
  }

  /** Mixes in any number: all its bits, so 1 and 1.5 differ. */
  number(value: number): void {
    float[0] = value
    this.u32(floatBits[0] ?? 0)
    this.u32(floatBits[1] ?? 0)
  }

  text(value: string): void {
    this.u32(value.length)
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i)
      this.#a = Math.imul(this.#a ^ unit, 0x01000193)
      this.#b = Math.imul(this.#b ^ unit, 0x85ebca6b)
      this.#b ^= this.#b >>> 15
    }
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length)
    for (const byte of value) {
      this.#a = Math.imul(this.#a ^ byte, 0x01000193)
      this.#b = Math.imul(this.#b ^ byte, 0x85ebca6b)
      this.#b ^= this.#b >>> 15
    }
  }

  /** 16 hexadecimal digits. The hash can go on. */
  digest(): string {
    return finish(this.#a) + finish(this.#b)
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
