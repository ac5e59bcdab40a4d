// The enumeration of choices.

import { expect, test } from 'vitest'
import { type Choices, exhaustive, replayChoices } from './exhaustive.ts'

test('every sequence of answers comes exactly once', () => {
  const seen: string[] = []
  const cases = exhaustive(choices => {
    const first = choices.choose(3)
    // What is asked may depend on what was answered.
    seen.push(first === 1 ? `1${choices.pick(['a', 'b'])}` : `${first}${choices.boolean()}`)
  })
  expect(cases).toBe(6)
  expect(seen).toEqual(['0false', '0true', '1a', '1b', '2false', '2true'])
})

test('a generator that asks nothing has one case', () => {
  expect(exhaustive(() => {})).toBe(1)
})

test('a failure names the answers that led to it, and they replay it', () => {
  const run = (choices: Choices): void => {
    const pair = [choices.choose(3), choices.choose(3)]
    if (pair[0] === 2 && pair[1] === 1) throw new Error('found')
  }
  expect(() => exhaustive(run)).toThrow('found (choices [2, 1])')
  expect(() => replayChoices(run, [2, 1])).toThrow('found')
  replayChoices(run, [2, 2])
})

test('a space that is larger than expected is an error', () => {
  const run = (choices: Choices): void => void (choices.choose(10) + choices.choose(10))
  expect(() => exhaustive(run, { maxCases: 99 })).toThrow('more than 99 cases')
  expect(exhaustive(run, { maxCases: 100 })).toBe(100)
})

test('a generator that depends on something else is found out', () => {
  let calls = 0
  expect(() => exhaustive(choices => void choices.choose(++calls + 1))).toThrow(
    'different questions',
  )
})
