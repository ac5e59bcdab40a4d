// When a signal stops in order, and when it ends at once.

import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { stopSignal } from './stop-signal.ts'

function signalled() {
  const emitter = new EventEmitter()
  const codes: number[] = []
  let nowMs = 1_000
  const target = Object.assign(emitter, { exit: (code: number) => void codes.push(code) })
  const stopping = stopSignal(target, () => nowMs)
  const signal = (name: 'SIGINT' | 'SIGTERM', afterMs: number): void => {
    nowMs += afterMs
    emitter.emit(name)
  }
  return { stopping, signal, codes }
}

test.each(['SIGINT', 'SIGTERM'] as const)('the first %s stops in order', async name => {
  const { stopping, signal, codes } = signalled()
  signal(name, 0)
  await stopping
  expect(codes).toEqual([])
})

test('the same signal once more, as npm passes it on, is not a second one', async () => {
  const { stopping, signal, codes } = signalled()
  signal('SIGINT', 0)
  signal('SIGINT', 5)
  await stopping
  expect(codes).toEqual([])
})

test('a second one later ends at once', () => {
  const { signal, codes } = signalled()
  signal('SIGTERM', 0)
  signal('SIGINT', 299)
  expect(codes).toEqual([])
  signal('SIGINT', 1)
  expect(codes).toEqual([130])
})
