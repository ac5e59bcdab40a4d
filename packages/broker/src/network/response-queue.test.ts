// Who is answered when.

import { InvariantError } from '@klamm/base'
import { expect, test } from 'vitest'
import { ResponseQueue } from './response-queue.ts'

function queueOf(ordered: boolean) {
  const sent: number[] = []
  const queue = new ResponseQueue({ ordered, send: chunks => sent.push(chunks[0]?.[0] ?? -1) })
  return { queue, sent }
}

const bytes = (n: number): Uint8Array[] => [Uint8Array.of(n, 0, 0)]

test('responses leave in the order of their requests', () => {
  const { queue, sent } = queueOf(true)
  const [first, second, third] = [queue.enter(), queue.enter(), queue.enter()]
  queue.settle(third, bytes(3))
  queue.settle(second, bytes(2))
  expect(sent).toEqual([])
  expect(queue).toMatchObject({ size: 3, bytes: 6 })
  queue.settle(first, bytes(1))
  expect(sent).toEqual([1, 2, 3])
  expect(queue).toMatchObject({ size: 0, bytes: 0 })
})

test('a request without a response holds its place and sends nothing', () => {
  const { queue, sent } = queueOf(true)
  const [first, second] = [queue.enter(), queue.enter()]
  queue.settle(second, bytes(2))
  queue.settle(first, undefined)
  expect(sent).toEqual([2])
})

test('between brokers each response leaves when it is ready', () => {
  const { queue, sent } = queueOf(false)
  const [first, second] = [queue.enter(), queue.enter()]
  queue.settle(second, bytes(2))
  expect(sent).toEqual([2])
  queue.settle(first, undefined)
  expect(queue).toMatchObject({ size: 0, bytes: 0 })
})

test('nothing is kept for a connection that is gone', () => {
  const { queue, sent } = queueOf(true)
  const [first, second] = [queue.enter(), queue.enter()]
  queue.settle(second, bytes(2))
  queue.discard()
  expect(queue).toMatchObject({ size: 0, bytes: 0 })
  queue.settle(first, bytes(1))
  expect(sent).toEqual([])
})

test('a second answer to the same request is a bug', () => {
  const { queue } = queueOf(true)
  const ticket = queue.enter()
  queue.settle(ticket, bytes(1))
  expect(() => queue.settle(ticket, bytes(1))).toThrow(InvariantError)
})
