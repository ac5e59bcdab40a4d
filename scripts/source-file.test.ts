import { expect, test } from 'vitest'
import { lineAt, sourceFile } from './source-file.ts'

function codeOf(text: string): string {
  const { code } = sourceFile('x.ts', text)
  expect(code).toHaveLength(text.length)
  return code.replaceAll(/ +/g, ' ').trim()
}

const cases = [
  { what: 'comments', text: 'a // b\nc /* d\n e */ f', code: 'a \nc \n f' },
  { what: 'strings', text: `a('b', "c \\" d") + e`, code: 'a( , ) + e' },
  { what: 'comment marks in strings', text: `a('//') + '/*' + b`, code: 'a( ) + + b' },
  { what: 'quotes in comments', text: `a // it's\nb`, code: 'a \nb' },
  { what: 'templates', text: 'a(`b \x24{c + `d \x24{e}` } f`) + g', code: 'a( c + e ) + g' },
  { what: 'braces in templates', text: 'a`\x24{{ b: 1 }.b}` + c', code: 'a { b: 1 }.b + c' },
  { what: 'regular expressions', text: 'a = /b"[/]c\\//g.test(d)', code: 'a = .test(d)' },
  { what: 'a regular expression after return', text: 'return /a"/', code: 'return' },
  { what: 'divisions', text: 'a = b / c / d', code: 'a = b / c / d' },
  { what: 'a division after parentheses', text: '(a) / b / "c"', code: '(a) / b /' },
  { what: 'a quote after a division', text: `a[0] / 2 + 'b'`, code: 'a[0] / 2 +' },
  { what: 'a first line for the shell', text: '#! node\na', code: 'a' },
  { what: 'an open string at the end of a line', text: `a = 'b\nc`, code: 'a = \nc' },
]
for (const { what, text, code } of cases) {
  test(`${what} are no code`, () => {
    expect(codeOf(text).replaceAll(/ *\n */g, '\n')).toBe(code.replaceAll(/ *\n */g, '\n'))
  })
}

test('comments and strings are kept aside, with their place', () => {
  const text = `a // one\n/* two */ b('three')`
  const { comments, strings } = sourceFile('x.ts', text)
  expect(comments.map(token => token.text)).toEqual(['// one', '/* two */'])
  expect(strings.map(token => token.text)).toEqual(['three'])
  expect(strings.map(({ start, end }) => text.slice(start, end))).toEqual([`'three'`])
})

test('lines are counted from 1, at the position', () => {
  expect([0, 1, 2, 3, 4].map(position => lineAt('a\nb\nc', position))).toEqual([1, 1, 2, 2, 3])
})
