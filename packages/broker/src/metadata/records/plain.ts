// Plain values (what msgpack and JSON can carry) for the fields of metadata records, with checks in
// both directions.

import { assert } from '@klamm/base'

/** What records are made of in plain form: survives msgpack and JSON unchanged. */
export type Plain = null | boolean | number | string | readonly Plain[]

const invariant = 'metadata records hold what their tables say'

/** One field. `where` names it in the InvariantError that a wrong value is. */
export interface PlainCodec<T> {
  write(value: unknown, where: string): Plain
  read(plain: unknown, where: string): T
}

/** A value that is the same in plain form. */
function scalar<T extends Plain>(
  name: string,
  isOne: (value: unknown) => value is T,
): PlainCodec<T> {
  const check = (value: unknown, where: string): T => {
    assert(isOne(value), invariant, () => `${where} is no ${name}: ${String(value)}`)
    return value
  }
  return { write: check, read: check }
}

/** Exact in a number. */
export const integer = scalar('integer', (value): value is number => Number.isSafeInteger(value))

export const text = scalar('string', (value): value is string => typeof value === 'string')

export const flag = scalar('boolean', (value): value is boolean => typeof value === 'boolean')

/** One of a few strings; plain, its index: never reorder, only append. */
export function oneOf<T extends string>(values: readonly T[]): PlainCodec<T> {
  const texts: readonly string[] = values
  return {
    write(value, where) {
      const index = typeof value === 'string' ? texts.indexOf(value) : -1
      assert(index >= 0, invariant, () => `${where} is none of ${values}: ${String(value)}`)
      return index
    },
    read(plain, where) {
      const value = typeof plain === 'number' ? values[plain] : undefined
      assert(value !== undefined, invariant, () => `${where} is none of ${values}: ${plain}`)
      return value
    },
  }
}

/** Undefined is null in plain form. */
export function optional<T>(codec: PlainCodec<T>): PlainCodec<T | undefined> {
  return {
    write: (value, where) => (value === undefined ? null : codec.write(value, where)),
    read: (plain, where) => (plain === null ? undefined : codec.read(plain, where)),
  }
}

export function listOf<T>(codec: PlainCodec<T>): PlainCodec<readonly T[]> {
  const check = (value: unknown, where: string): readonly unknown[] => {
    assert(Array.isArray(value), invariant, () => `${where} is no list`)
    return value
  }
  return {
    write: (value, where) => check(value, where).map(element => codec.write(element, where)),
    read: (plain, where) => check(plain, where).map(element => codec.read(element, where)),
  }
}

/** An object with fixed fields; plain, the list of their values. */
export function rowOf<T extends object>(
  fields: {
    readonly [F in keyof T]: PlainCodec<T[F]>
  },
): PlainCodec<T> {
  const codecs: readonly [string, PlainCodec<unknown>][] = Object.entries(fields)
  return {
    write(value, where) {
      const values = new Map<string, unknown>(Object.entries(value ?? {}))
      return codecs.map(([name, codec]) => codec.write(values.get(name), `${where}.${name}`))
    },
    read(plain, where) {
      assert(Array.isArray(plain), invariant, () => `${where} is no list`)
      assert(plain.length === codecs.length, invariant, () => `${where} has other fields`)
      const entries = codecs.map(([name, codec], index): readonly [string, unknown] => [
        name,
        codec.read(plain[index], `${where}.${name}`),
      ])
      // Checked field by field against the table, which has the type of the row.
      return Object.fromEntries(entries) as T
    },
  }
}
