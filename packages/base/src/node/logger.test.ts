// What a line of log holds.

import { expect, test } from 'vitest'
import { createLogger, type LoggerOptions } from './logger.ts'

function logged(options: LoggerOptions, write: (log: ReturnType<typeof createLogger>) => void) {
  const lines: string[] = []
  write(createLogger({ ...options, destination: { write: line => void lines.push(line) } }))
  return lines.map(line => JSON.parse(line) as Record<string, unknown>)
}

test('a line has level, message, and the fields of everyone above it', () => {
  const lines = logged({ fields: { brokerId: 1 } }, log => {
    log.child({ topic: 'orders' }).info('leader elected', { partition: 3 })
  })
  expect(lines).toEqual([
    {
      time: expect.any(Number),
      level: 'info',
      message: 'leader elected',
      brokerId: 1,
      topic: 'orders',
      partition: 3,
    },
  ])
})

test('what is below the level is not written', () => {
  const lines = logged({ level: 'warn' }, log => {
    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')
  })
  expect(lines.map(line => line.message)).toEqual(['c', 'd'])
})

test('an error keeps its message, its stack and its cause', () => {
  const [line] = logged({}, log => {
    log.error('flush failed', { error: new Error('outer', { cause: new Error('inner') }), n: 1n })
  })
  expect(JSON.stringify(line)).toContain('inner')
  expect(line).toMatchObject({ error: { type: 'Error', stack: expect.stringContaining('outer') } })
})
