import { expect, test } from 'vitest'
import { functionLengths } from './function-lengths.ts'
import { sourceFile } from './source-file.ts'

function lengthsOf(text: string): number[][] {
  return functionLengths(sourceFile('x.ts', text))
    .sort((a, b) => a.line - b.line)
    .map(({ line, lineCount, ownLineCount }) => [line, lineCount, ownLineCount])
}

const functions = [
  { what: 'a function', head: 'function f(a: number)' },
  { what: 'a generic function with a return type', head: 'function f<T>(a: T): Map<string, T[]>' },
  { what: 'a type predicate', head: 'function f(a: unknown): a is string' },
  { what: 'an assertion', head: 'function f(a: unknown): asserts a is string' },
  { what: 'a return type with braces', head: 'function f(): { a: number; b: () => void }' },
  { what: 'a union over lines', head: 'function f(\n  a: number,\n): A | B<C>' },
  { what: 'an anonymous function', head: 'call(function ()' },
  { what: 'an arrow function', head: 'const f = (a: number): string =>' },
  { what: 'an async arrow function', head: 'const f = async a =>' },
  { what: 'a method', head: '  async read(a: number): Promise<void>' },
  { what: 'a private generator', head: '  *#walk(a: A): Generator<B, void, undefined>' },
  { what: 'a getter', head: '  get size(): number' },
  { what: 'a constructor', head: '  constructor(a: number)' },
  { what: 'a method with a computed name', head: '  [Symbol.dispose](): void' },
]
for (const { what, head } of functions) {
  test(`${what} is a function`, () => {
    const line = head.split('\n').length
    expect(lengthsOf(`${head} {\n  one()\n}`)).toEqual([[line, 3, 3]])
  })
}

const others = [
  { what: 'an if', head: 'if (a)' },
  { what: 'an else', head: 'if (a) b()\nelse' },
  { what: 'a loop', head: 'for (const a of b)' },
  { what: 'a switch', head: 'switch (a)' },
  { what: 'a catch', head: 'catch (error)' },
  { what: 'a try', head: 'try' },
  { what: 'a class', head: 'class A extends B implements C<D>' },
  { what: 'an interface', head: 'interface A extends B' },
  { what: 'an object', head: 'const a =' },
  { what: 'a typed object', head: 'const a: Record<string, () => void> =' },
  { what: 'an argument', head: 'f(' },
  { what: 'a property', head: '  a:' },
]
for (const { what, head } of others) {
  test(`${what} is no function`, () => {
    expect(lengthsOf(`${head} {\n  one()\n}`)).toEqual([])
  })
}

test('a class after a function is still no function', () => {
  expect(lengthsOf('function f(): void {\n}\nclass A {\n  b = 1\n}')).toEqual([[1, 2, 2]])
})

test('a function counts those inside it in full, and knows its own lines', () => {
  const text = 'function f() {\n  g(() => {\n    one()\n  })\n  if (a) {\n    two()\n  }\n}'
  expect(lengthsOf(text)).toEqual([
    [1, 8, 5],
    [2, 3, 3],
  ])
})
