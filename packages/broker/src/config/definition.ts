// What a config is: its type, its default, which values it takes and who may change it when. The
// tables of this folder are lists of these.

export type ConfigType =
  | 'boolean'
  | 'string'
  | 'int'
  | 'short'
  | 'long'
  | 'double'
  | 'list'
  | 'class'
  | 'password'

/** Absent: only at start. A cluster-wide one can also be set for a single broker. */
export type UpdateMode = 'perBroker' | 'clusterWide'

export interface ConfigDefinition {
  readonly type: ConfigType
  /** In the form a client would write; absent: null. */
  readonly default?: string
  /** Inclusive. */
  readonly min?: number
  /** Inclusive. */
  readonly max?: number
  /** A number outside [min, max] that is valid all the same. */
  readonly alsoAllowed?: number
  /** The values there are; of a list, its elements. */
  readonly oneOf?: readonly string[]
  readonly ignoreCase?: boolean
  /** A list or string that must not be empty. */
  readonly nonEmpty?: boolean
  /** A list of `partition:broker`, or `*`. */
  readonly throttledReplicas?: boolean
  /** For broker configs. */
  readonly update?: UpdateMode
  /** For topic configs: broker configs that hold the value for topics without one. */
  readonly synonyms?: readonly string[]
  readonly doc?: string
}

export interface ConfigTable {
  readonly [name: string]: ConfigDefinition
}

/** Rows by name: tables are keyed by our own constants, look-ups by whatever a client sends. */
export function definitionsOf(...tables: readonly ConfigTable[]): Map<string, ConfigDefinition> {
  const definitions = new Map<string, ConfigDefinition>()
  for (const table of tables) {
    for (const [name, definition] of Object.entries(table)) definitions.set(name, definition)
  }
  return definitions
}

const bounds = {
  short: [-(2n ** 15n), 2n ** 15n - 1n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
} as const

/** Why `value` is not one of this config, for the client to read; undefined when it is. */
export function problemWith(definition: ConfigDefinition, value: string): string | undefined {
  switch (definition.type) {
    case 'boolean':
      return /^(true|false)$/i.test(value.trim()) ? undefined : 'expected true or false'
    case 'short':
    case 'int':
    case 'long':
      return problemWithInteger(definition, definition.type, value.trim())
    case 'double':
      return problemWithDouble(definition, value.trim())
    case 'list':
      return problemWithList(definition, listOf(value))
    default:
      return problemWithText(definition, value.trim())
  }
}

/** The elements of a list: separated by commas, trimmed, none when the value is blank. */
export function listOf(value: string): string[] {
  const text = value.trim()
  return text === '' ? [] : text.split(',').map(element => element.trim())
}

function problemWithInteger(
  definition: ConfigDefinition,
  type: keyof typeof bounds,
  text: string,
): string | undefined {
  if (!/^[+-]?\d{1,30}$/.test(text)) return `expected a whole number (${type})`
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  const [lowest, highest] = bounds[type]
  if (value < lowest || value > highest) return `expected a whole number (${type})`
  return problemWithRange(definition, Number(value))
}

function problemWithDouble(definition: ConfigDefinition, text: string): string | undefined {
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)
  return isNumber ? problemWithRange(definition, Number(text)) : 'expected a number'
}

function problemWithRange(definition: ConfigDefinition, value: number): string | undefined {
  const { min, max, alsoAllowed } = definition
  if (value === alsoAllowed) return undefined
  if (min !== undefined && value < min) return `must be at least ${min}`
  if (max !== undefined && value > max) return `must be at most ${max}`
  return undefined
}

function problemWithList(
  definition: ConfigDefinition,
  elements: readonly string[],
): string | undefined {
  if (elements.includes('')) return 'has an empty element'
  if (definition.nonEmpty === true && elements.length === 0) return 'must not be empty'
  if (definition.throttledReplicas === true) return problemWithThrottled(elements)
  const { oneOf } = definition
  if (oneOf === undefined) return undefined
  if (new Set(elements).size < elements.length) return 'has an element twice'
  const isKnown = elements.every(element => oneOf.includes(element))
  return isKnown ? undefined : `its elements must be among ${oneOf.join(', ')}`
}

function problemWithThrottled(elements: readonly string[]): string | undefined {
  if (elements.length === 1 && elements[0] === '*') return undefined
  const isValid = elements.every(element => /^\d+:\d+$/.test(element))
  return isValid ? undefined : 'expected * or a list of partition:broker'
}

function problemWithText(definition: ConfigDefinition, text: string): string | undefined {
  const { oneOf, ignoreCase = false, nonEmpty = false } = definition
  if (nonEmpty && text === '') return 'must not be empty'
  if (oneOf === undefined) return undefined
  const isKnown = oneOf.some(known =>
    ignoreCase ? known.toLowerCase() === text.toLowerCase() : known === text,
  )
  return isKnown ? undefined : `must be one of ${oneOf.join(', ')}`
}
