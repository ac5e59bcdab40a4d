// Finds the functions of a file and how many lines each has. Works on blanked code: every pair of
// braces is looked at, and what stands before it tells whether it is the body of a function.

import { lineAt, type SourceFile } from './source-file.ts'

export interface FunctionLength {
  /** Of the line with the opening brace. */
  readonly line: number
  /** From the line of the opening brace to that of the closing one. */
  readonly lineCount: number
  /** The same without the functions inside. */
  readonly ownLineCount: number
}

interface Body {
  readonly line: number
  readonly lineCount: number
  nestedLineCount: number
}

const notFunctions = new Set(['if', 'for', 'while', 'switch', 'catch', 'with'])

export function functionLengths(file: SourceFile): FunctionLength[] {
  const { code } = file
  const open: { at: number; body: Body | undefined; nested: number }[] = []
  const lengths: FunctionLength[] = []
  for (let at = 0; at < code.length; at++) {
    const char = code.charAt(at)
    if (char === '{') open.push({ at, body: undefined, nested: 0 })
    if (char !== '}') continue
    const block = open.pop()
    if (block === undefined) continue
    const outer = open.at(-1)
    if (!isFunctionBody(code, block.at)) {
      if (outer !== undefined) outer.nested += block.nested
      continue
    }
    const line = lineAt(code, block.at)
    const lineCount = lineAt(code, at) - line + 1
    if (outer !== undefined) outer.nested += lineCount
    lengths.push({ line, lineCount, ownLineCount: lineCount - block.nested })
  }
  return lengths
}

/** Whether the brace at `at` opens the body of a function, method, accessor or arrow function. */
function isFunctionBody(code: string, at: number): boolean {
  const before = code.slice(0, at).trimEnd()
  if (before.endsWith('=>')) return true
  const parameters = before.endsWith(')') ? before.length - 1 : parametersBeforeType(before)
  if (parameters === undefined) return false
  const start = openingOf(before, parameters)
  const word = /([\w$#]+|\])\s*(?:<[^()]*>)?\s*$/.exec(before.slice(0, start))?.[1]
  // `await (…) {` does not exist; a block after parentheses without a name is `function (…)` or a
  // statement, and statements are told by their keyword.
  return word !== undefined && !notFunctions.has(word)
}

/**
 * Where the parameters end when a return type follows them: `): Type` before the brace. Walks back
 * over the type; undefined when this is something else.
 */
function parametersBeforeType(before: string): number | undefined {
  // `): {` begins a type, the body comes later.
  if (before.endsWith(':')) return undefined
  let sawNewline = false
  for (let at = before.length - 1; at >= 0; at--) {
    const char = before.charAt(at)
    if (char === '\n') sawNewline = true
    if (char === ':') {
      const earlier = before.slice(0, at).trimEnd()
      return earlier.endsWith(')') ? earlier.length - 1 : undefined
    }
    if (char === '}' || char === ']' || char === ')') {
      // A block that ended on an earlier line is no part of this type.
      if (char === '}' && sawNewline) return undefined
      at = openingOf(before, at)
    } else if (';{(['.includes(char) || (char === '=' && before.charAt(at + 1) !== '>')) {
      return undefined
    }
  }
  return undefined
}

/** Position of the bracket that the one at `at` closes; 0 when there is none. */
function openingOf(code: string, at: number): number {
  let depth = 0
  for (let i = at; i >= 0; i--) {
    const char = code.charAt(i)
    if (char === ')' || char === ']' || char === '}') depth += 1
    else if (char === '(' || char === '[' || char === '{') depth -= 1
    if (depth === 0) return i
  }
  return 0
}
