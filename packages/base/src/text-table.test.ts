// Alignment of text tables.

import { expect, test } from 'vitest'
import { textTable } from './text-table.ts'

test('columns are aligned, numbers to the right, without trailing spaces', () => {
  const text = textTable(
    [
      ['orders', 12, true],
      ['x', 3, undefined],
    ],
    ['topic', 'partitions', 'internal'],
  )
  expect(text.split('\n')).toEqual([
    'topic   partitions  internal',
    'orders          12  true',
    'x                3  -',
  ])
})

test('a column with one word among its numbers is text', () => {
  expect(textTable([[1], ['many']])).toBe('1\nmany')
})

test('no rows are no text', () => {
  expect(textTable([])).toBe('')
})
