// Scripts: commands and, below `----`, what they printed. Behaviour is reviewed as their diffs.

export interface Step {
  /** Comments and blank lines before the command, kept as they are. */
  readonly preamble: string
  readonly command: string
  readonly expected: string
}

/** `command key=value word key=(1,2)`. */
export interface Command {
  readonly name: string
  readonly words: readonly string[]
  readonly options: ReadonlyMap<string, string>
}

/** A step is a line, `----`, and output up to a blank line. */
export function parseScript(text: string): Step[] {
  const steps: Step[] = []
  const lines = text.split('\n')
  let preamble = ''
  for (let at = 0; at < lines.length; ) {
    const line = lines[at++] ?? ''
    if (line === '' || line.startsWith('#')) {
      preamble += `${line}\n`
      continue
    }
    const expected: string[] = []
    if (lines[at] === '----') at += 1
    while (at < lines.length && lines[at] !== '') expected.push(lines[at++] ?? '')
    steps.push({ preamble, command: line, expected: expected.join('\n') })
    preamble = ''
  }
  return steps
}

/** The script with the outputs put in. */
export function formatScript(steps: readonly Step[], outputs: readonly string[]): string {
  return steps
    .map(({ preamble, command }, index) => `${preamble}${command}\n----\n${outputs[index]}\n`)
    .join('')
}

export function parseCommand(line: string): Command {
  const [name = '', ...parts] = line.split(/\s+/)
  const options = new Map<string, string>()
  const words: string[] = []
  for (const part of parts) {
    const at = part.indexOf('=')
    if (at > 0 && !part.startsWith('config:')) options.set(part.slice(0, at), part.slice(at + 1))
    else words.push(part)
  }
  return { name, words, options }
}

/** `1,2,3` or `(1,2,3)`; nothing for the empty text. */
export function parseIds(text: string): number[] {
  const inner = text.replace(/^\(|\)$/g, '')
  return inner === '' ? [] : inner.split(',').map(Number)
}
