import { expect, test } from 'vitest'
import { subscription } from '../testing/form-group.ts'
import { subscribedTopics } from './subscription.ts'

test('the topics are read from a subscription of any version', () => {
  // By hand: version 1, two topics, then what version 1 adds.
  const bytes = [0, 1, 0, 0, 0, 2, 0, 3, 111, 110, 101, 0, 2, 97, 98, 255, 255, 255, 255]
  expect(subscribedTopics(new Uint8Array(bytes))).toEqual(['one', 'ab'])
  expect(subscribedTopics(subscription([]))).toEqual([])
})

test('it may be a part of a larger buffer', () => {
  const bytes = new Uint8Array([9, 9, ...subscription(['x']), 9])
  expect(subscribedTopics(bytes.subarray(2, bytes.length - 1))).toEqual(['x'])
})

test('bytes cut anywhere, or that make no sense, are no subscription', () => {
  const whole = subscription(['abc', 'de'])
  for (let length = 0; length < whole.length; length++) {
    expect(subscribedTopics(whole.subarray(0, length))).toBeUndefined()
  }
  expect(subscribedTopics(new Uint8Array([0, 0, 255, 255, 255, 255]))).toBeUndefined()
  expect(subscribedTopics(new Uint8Array([0, 0, 127, 255, 255, 255, 0, 0]))).toBeUndefined()
  expect(subscribedTopics(new Uint8Array([0, 0, 0, 0, 0, 1, 255, 255]))).toBeUndefined()
})
