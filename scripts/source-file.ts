// A TypeScript file as the checks of this folder see it: its code with comments, strings, template
// texts and regular expressions blanked out, so that a word found in it is code. A lexer is enough
// for that, and there is no compiler API to ask.

export interface Token {
  /** Of the first character, in the text. */
  readonly start: number
  /** Exclusive. */
  readonly end: number
  /** A comment with its marks; a string without its quotes. */
  readonly text: string
}

export interface SourceFile {
  /** Relative to the repository, with slashes. */
  readonly path: string
  readonly text: string
  /** As long as `text`; newlines are kept, so positions and lines are the same. */
  readonly code: string
  readonly comments: readonly Token[]
  /** Plain strings; templates are not among them. */
  readonly strings: readonly Token[]
}

export interface Problem {
  readonly path: string
  /** From 1. */
  readonly line: number
  readonly message: string
}

/** Before these a slash begins a regular expression, otherwise it divides. */
const beforeRegex = /[(,=:[!&|?{};+\-*%~^<>]$|^$/
const wordsBeforeRegex =
  /\b(?:return|typeof|case|in|of|delete|void|throw|new|do|else|await|yield|instanceof)$/

export function sourceFile(path: string, text: string): SourceFile {
  const lexer = new Lexer(text)
  lexer.run()
  return { path, text, code: lexer.code(), comments: lexer.comments, strings: lexer.strings }
}

/** Line of a position, from 1. */
export function lineAt(text: string, position: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < position; at = text.indexOf('\n', at + 1)) {
    line += 1
  }
  return line
}

/** Every place where `pattern` (with the flag g) matches the code of the file. */
export function matchesIn(file: SourceFile, pattern: RegExp): { line: number; text: string }[] {
  return [...file.code.matchAll(pattern)].map(match => ({
    line: lineAt(file.text, match.index + match[0].length - match[0].trimStart().length),
    text: match[0].trim(),
  }))
}

class Lexer {
  readonly comments: Token[] = []
  readonly strings: Token[] = []
  readonly #text: string
  readonly #code: string[]
  #at = 0
  /** The last characters of code, for telling a regular expression from a division. */
  #last = ''

  constructor(text: string) {
    this.#text = text
    this.#code = text.split('')
  }

  code(): string {
    return this.#code.join('')
  }

  run(): void {
    if (this.#text.startsWith('#!')) this.#blankTo(this.#lineEnd())
    this.#codeUntil('')
  }

  /** Reads code up to the brace that closes a template's `${`, or to the end of the text. */
  #codeUntil(closer: '}' | ''): void {
    let depth = 0
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at)
      if (closer === '}' && depth === 0 && char === '}') return
      if (char === '{') depth += 1
      else if (char === '}') depth -= 1
      this.#step(char)
    }
  }

  #step(char: string): void {
    const next = this.#text.charAt(this.#at + 1)
    if (char === '/' && (next === '/' || next === '*')) this.#comment(next)
    else if (char === "'" || char === '"') this.#string(char)
    else if (char === '`') this.#template()
    else if (char === '/' && this.#isRegex()) this.#regex()
    else {
      if (char.trim() !== '') this.#last = (this.#last + char).slice(-12)
      else if (/\w$/.test(this.#last)) this.#last += ' '
      this.#at += 1
    }
  }

  #isRegex(): boolean {
    const last = this.#last.trimEnd()
    return beforeRegex.test(last) || wordsBeforeRegex.test(last)
  }

  #comment(kind: string): void {
    const start = this.#at
    const close = this.#text.indexOf('*/', start + 2)
    const blockEnd = close === -1 ? this.#text.length : close + 2
    this.#blankTo(kind === '/' ? this.#lineEnd() : blockEnd)
    this.comments.push({ start, end: this.#at, text: this.#text.slice(start, this.#at) })
  }

  #string(quote: string): void {
    const start = this.#at
    let end = start + 1
    while (end < this.#text.length && !`${quote}\n`.includes(this.#text.charAt(end))) {
      end += this.#text.charAt(end) === '\\' ? 2 : 1
    }
    this.#blankTo(Math.min(end + 1, this.#text.length))
    this.strings.push({ start, end: this.#at, text: this.#text.slice(start + 1, end) })
    this.#last = '""'
  }

  #template(): void {
    this.#blankTo(this.#at + 1)
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at)
      if (char === '$' && this.#text.charAt(this.#at + 1) === '{') {
        this.#blankTo(this.#at + 2)
        this.#last = ''
        this.#codeUntil('}')
        this.#blankTo(this.#at + 1)
      } else {
        this.#blankTo(this.#at + (char === '\\' ? 2 : 1))
        if (char === '`') break
      }
    }
    this.#last = '""'
  }

  #regex(): void {
    let end = this.#at + 1
    let isClass = false
    while (end < this.#text.length) {
      const char = this.#text.charAt(end)
      if (char === '\n' || (char === '/' && !isClass)) break
      if (char === '[') isClass = true
      else if (char === ']') isClass = false
      end += char === '\\' ? 2 : 1
    }
    this.#blankTo(end + 1)
    while (/[a-z]/.test(this.#text.charAt(this.#at))) this.#blankTo(this.#at + 1)
    this.#last = '""'
  }

  #lineEnd(): number {
    const end = this.#text.indexOf('\n', this.#at)
    return end === -1 ? this.#text.length : end
  }

  #blankTo(end: number): void {
    const stop = Math.min(end, this.#text.length)
    for (; this.#at < stop; this.#at++)
      if (this.#code[this.#at] !== '\n') this.#code[this.#at] = ' '
  }
}
