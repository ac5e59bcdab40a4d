import { expect, test } from 'vitest'
import { type ConfigDefinition, problemWith } from './definition.ts'
import { brokerDefinitions, groupDefinitions, topicDefinitions } from './definitions.ts'

const isValid = (definition: ConfigDefinition, value: string) =>
  problemWith(definition, value) === undefined

test('every default is a value of its config', () => {
  for (const definitions of [topicDefinitions, brokerDefinitions, groupDefinitions]) {
    for (const [name, definition] of definitions) {
      // What must not be empty is only ever left out.
      const value = definition.nonEmpty === true ? undefined : definition.default
      if (value === undefined) continue
      expect([name, problemWith(definition, value)]).toEqual([name, undefined])
    }
  }
  expect(topicDefinitions.size).toBe(37)
  expect(brokerDefinitions.size).toBe(353)
})

test('every synonym of a topic config is a config of brokers of the same type', () => {
  for (const [name, { synonyms = [], type }] of topicDefinitions) {
    for (const synonym of synonyms) {
      const definition = brokerDefinitions.get(synonym)
      // Hours and minutes fit in less.
      const types = synonym.endsWith('.hours') || synonym.endsWith('.minutes') ? ['int'] : [type]
      expect([name, synonym, types.includes(definition?.type ?? 'class')]).toEqual([
        name,
        synonym,
        true,
      ])
    }
  }
})

test('numbers are whole, within their type and within their range', () => {
  const int = { type: 'int', min: 1, max: 9, alsoAllowed: -1 } as const
  for (const value of ['1', ' 9 ', '+3', '-1']) expect(isValid(int, value)).toBe(true)
  for (const value of ['0', '10', '-2', '', 'x', '1.5', '1e3', '0x1', '99999999999999999999']) {
    expect(isValid(int, value)).toBe(false)
  }
  expect(isValid({ type: 'int' }, '2147483647')).toBe(true)
  expect(isValid({ type: 'int' }, '2147483648')).toBe(false)
  expect(isValid({ type: 'short' }, '-32768')).toBe(true)
  expect(isValid({ type: 'short' }, '32768')).toBe(false)
  expect(isValid({ type: 'long' }, '9223372036854775807')).toBe(true)
  expect(isValid({ type: 'long' }, '9223372036854775808')).toBe(false)
  expect(isValid({ type: 'long' }, '-9223372036854775808')).toBe(true)
})

test('a double may have a fraction and an exponent', () => {
  const ratio = { type: 'double', min: 0, max: 1 } as const
  for (const value of ['0.5', '1', '.5', '1e-3']) expect(isValid(ratio, value)).toBe(true)
  for (const value of ['1.1', '-0.1', 'NaN', 'Infinity', '', 'half']) {
    expect(isValid(ratio, value)).toBe(false)
  }
})

test('a boolean is true or false in any case', () => {
  for (const value of ['true', 'FALSE', ' True ']) {
    expect(isValid({ type: 'boolean' }, value)).toBe(true)
  }
  for (const value of ['', '1', 'yes']) expect(isValid({ type: 'boolean' }, value)).toBe(false)
})

test('lists take known elements, each once, and none', () => {
  const list = { type: 'list', oneOf: ['compact', 'delete'] } as const
  for (const value of ['compact', 'compact, delete', '']) expect(isValid(list, value)).toBe(true)
  for (const value of ['compact,', 'compact,compact', 'other']) {
    expect(isValid(list, value)).toBe(false)
  }
  expect(isValid({ type: 'list', nonEmpty: true }, ' ')).toBe(false)
})

test('throttled replicas are * or pairs of partition and broker', () => {
  const list = { type: 'list', throttledReplicas: true } as const
  for (const value of ['', '*', '0:1', '0:1,1:2']) expect(isValid(list, value)).toBe(true)
  for (const value of ['0', '*,0:1', '0:1:2', 'a:b']) expect(isValid(list, value)).toBe(false)
})

test('choices tell case apart unless they say otherwise', () => {
  const choice = { type: 'string', oneOf: ['CreateTime', 'LogAppendTime'] } as const
  expect(isValid(choice, 'CreateTime')).toBe(true)
  expect(isValid(choice, 'createtime')).toBe(false)
  expect(isValid({ ...choice, ignoreCase: true }, 'createtime')).toBe(true)
})
