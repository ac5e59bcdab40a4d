// Formats there and back, what they refuse, and the types of a schema.

import { toHex } from '@klamm/base'
import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { deserialized, serialized } from './apply.ts'
import { bytes, float64, int32, int64, string } from './formats.ts'
import { json } from './json.ts'
import type { Serde, SerdeContext } from './serde.ts'

const value: SerdeContext = { topic: 'orders', field: 'value' }

function encoded(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data
}

function thereAndBack<In, Out>(serde: Serde<In, Out>, input: In): Out {
  return deserialized(serde, encoded(serialized(serde, input, value)), value)
}

test('numbers have the bytes of Java’s serializers', () => {
  const hex = (serde: Serde<number>, number: number): string => {
    return toHex(encoded(serialized(serde, number, value)))
  }
  expect(hex(int32(), 1)).toBe('00000001')
  expect(hex(int32(), -2)).toBe('fffffffe')
  expect(hex(int64(), 2 ** 32 + 1)).toBe('0000000100000001')
  expect(hex(int64(), -1)).toBe('ffffffffffffffff')
  expect(hex(float64(), 1.5)).toBe('3ff8000000000000')
})

test('what goes in comes out', () => {
  expect(thereAndBack(string(), 'Größe 🦀')).toBe('Größe 🦀')
  expect(thereAndBack(string(), '')).toBe('')
  expect(thereAndBack(bytes(), Uint8Array.of(0, 255))).toEqual(Uint8Array.of(0, 255))
  for (const number of [0, -1, 0x7fffffff, -0x80000000]) {
    expect(thereAndBack(int32(), number)).toBe(number)
  }
  for (const number of [0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    expect(thereAndBack(int64(), number)).toBe(number)
  }
  expect(thereAndBack(float64(), -0.1)).toBe(-0.1)
  expect(thereAndBack(json<{ id: number }>(), { id: 1 })).toEqual({ id: 1 })
})

test('an error says which field of which topic it was, and why', () => {
  const refusals: readonly (readonly [() => unknown, string])[] = [
    [() => serialized(string(), 5 as unknown as string, value), 'expected a string, got 5'],
    [() => serialized(bytes(), 'x' as unknown as Uint8Array, value), 'got string'],
    [() => serialized(int32(), 2 ** 31, value), 'got 2147483648'],
    [() => serialized(int32(), 0.5, value), 'got 0.5'],
    [() => serialized(int64(), 2 ** 53, value), 'below 2^53'],
    [() => serialized(float64(), '1' as unknown as number, value), 'expected a number'],
    [() => serialized(json<unknown>(), undefined, value), 'undefined has no JSON'],
    [() => serialized(json<unknown>(), 1n, value), 'BigInt'],
    [() => deserialized(json(), Uint8Array.of(0x7b), value), 'JSON'],
    [() => deserialized(int32(), Uint8Array.of(1), value), 'expected 4 bytes, got 1'],
    [() => deserialized(int64(), new Uint8Array(8).fill(0x7f), value), 'beyond 2^53'],
  ]
  for (const [attempt, problem] of refusals) {
    expect(attempt).toThrow(
      expect.objectContaining({
        code: 'ERR_SERIALIZATION',
        topic: 'orders',
        message: expect.stringMatching(/^the value of a record of orders cannot be /),
      }),
    )
    expect(attempt).toThrow(problem)
  }
  const oneOfMine: Serde<object> = { serialize: () => 5 as never, deserialize: () => ({}) }
  expect(() => serialized(oneOfMine, {}, { topic: 't', field: 'key' })).toThrow(
    'the key of a record of t cannot be serialized: its serializer gave no bytes',
  )
})

const Order = z.object({
  id: z.string(),
  at: z.iso.datetime().transform(text => Date.parse(text)),
  items: z.array(z.object({ quantity: z.number().int() })).default([]),
})

test('a schema checks both directions and types both ends', () => {
  const serde = json(Order)
  expectTypeOf(serde).toEqualTypeOf<Serde<z.input<typeof Order>, z.output<typeof Order>>>()
  const sent = serialized(serde, { id: 'a', at: '2026-01-01T00:00:00Z' }, value)
  // As it was given: whoever reads it runs it through the schema again.
  expect(sent).toBe('{"id":"a","at":"2026-01-01T00:00:00Z"}')
  expect(deserialized(serde, encoded(sent), value)).toEqual({
    id: 'a',
    at: Date.parse('2026-01-01T00:00:00Z'),
    items: [],
  })
})

test('what a schema refuses is told with its place', () => {
  const serde = json(Order)
  const wrong = { id: 'a', at: '2026-01-01T00:00:00Z', items: [{ quantity: 'two' as never }] }
  expect(() => serialized(serde, wrong, value)).toThrow('items.0.quantity: ')
  expect(() => deserialized(serde, encoded('{"id":1}'), value)).toThrow(/id: .*; at: /)
})

test('a schema that needs to wait is refused', () => {
  const serde = json(z.string().refine(async () => true))
  expect(() => serialized(serde, 'a', value)).toThrow('the schema validates asynchronously')
})
