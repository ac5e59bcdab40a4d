// One command of a script test, with typed access to its arguments. A missing, malformed or unused
// argument is a mistake in the script and fails the test at its line.

/** A mistake in the script itself: fails the test instead of becoming output. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError'
}

export class ScriptCommand {
  readonly name: string
  /** The lines between the command and its separator. */
  readonly input: readonly string[]
  /** `file:line`, for messages. */
  readonly position: string
  readonly #args = new Map<string, readonly string[]>()
  readonly #unused = new Set<string>()

  /** `line` is `name key=value key=(a,b) flag`. */
  constructor(line: string, input: readonly string[], position: string) {
    const [name = '', ...words] = line.trim().split(/\s+(?![^(]*\))/)
    this.name = name
    this.input = input
    this.position = position
    for (const word of words) this.#parse(word)
  }

  /** Whether the argument is there, with or without a value. */
  has(key: string): boolean {
    this.#unused.delete(key)
    return this.#args.has(key)
  }

  string(key: string, otherwise?: string): string {
    const values = this.#values(key)
    if (values === undefined) return this.#missing(key, otherwise)
    if (values.length !== 1) throw this.#error(`${key} is one value`)
    return values[0] ?? ''
  }

  number(key: string, otherwise?: number): number {
    if (!this.#args.has(key)) return this.#missing(key, otherwise)
    return this.#toNumber(key, this.string(key))
  }

  /** `true` or `false`; a key without a value is true; an absent one `otherwise`, or false. */
  boolean(key: string, otherwise = false): boolean {
    const values = this.#values(key)
    if (values === undefined) return otherwise
    if (values.length === 0) return true
    const text = this.string(key)
    if (text !== 'true' && text !== 'false') throw this.#error(`${key} is true or false`)
    return text === 'true'
  }

  /** `key=(a,b)`, `key=a` or `key=()`. */
  list(key: string, otherwise?: readonly string[]): readonly string[] {
    return this.#values(key) ?? this.#missing(key, otherwise)
  }

  numbers(key: string, otherwise?: readonly number[]): readonly number[] {
    const values = this.#values(key)
    if (values === undefined) return this.#missing(key, otherwise)
    return values.map(value => this.#toNumber(key, value))
  }

  /** For the last branch of a handler's switch. */
  unknown(): never {
    throw this.#error(`nobody knows the command ${this.name}`)
  }

  /** Called by the runner when the handler is done. */
  assertAllUsed(): void {
    if (this.#unused.size === 0) return
    throw this.#error(`${this.name} does not use ${[...this.#unused].join(', ')}`)
  }

  #parse(word: string): void {
    const equals = word.indexOf('=')
    const key = equals < 0 ? word : word.slice(0, equals)
    const value = equals < 0 ? '()' : word.slice(equals + 1)
    if (this.#args.has(key)) throw this.#error(`${key} is given twice`)
    this.#unused.add(key)
    if (!value.startsWith('(')) {
      this.#args.set(key, [value])
      return
    }
    if (!value.endsWith(')')) throw this.#error(`${key} lacks its closing bracket`)
    const inside = value.slice(1, -1).trim()
    this.#args.set(key, inside === '' ? [] : inside.split(',').map(item => item.trim()))
  }

  #values(key: string): readonly string[] | undefined {
    this.#unused.delete(key)
    return this.#args.get(key)
  }

  #missing<T>(key: string, otherwise: T | undefined): T {
    if (otherwise === undefined) throw this.#error(`${this.name} needs ${key}`)
    return otherwise
  }

  #toNumber(key: string, text: string): number {
    const value = Number(text)
    if (text === '' || Number.isNaN(value)) throw this.#error(`${key} is a number, not ${text}`)
    return value
  }

  #error(message: string): ScriptError {
    return new ScriptError(`${this.position}: ${message}`)
  }
}
