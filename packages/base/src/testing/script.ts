// Script tests: a file of commands, each with the output it had when somebody read it and agreed.
// A story of a machine reads top-down, and a change of behaviour is a diff of text.
//
//   # Why this step is there.
//   fetch replica=3 offset=4 isr=(1,2)
//   ----
//   high-watermark 4
//
// REWRITE=1 writes the actual output into the file instead of comparing; read the diff afterwards.

import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { ScriptCommand, ScriptError } from './script-command.ts'

/**
 * Runs a script and compares it, whole, with what the handler says. The handler is called once per
 * command, in order; what it throws becomes `error: message`, so that refusals can be scripted.
 *
 * A relative path is useless in a test that runs from anywhere: pass
 * `new URL('./scripts/x.txt', import.meta.url)`.
 */
export function runScript(path: string | URL, handler: (command: ScriptCommand) => string): void {
  const file = path instanceof URL ? fileURLToPath(path) : path
  const text = readFileSync(file, 'utf8')
  const actual = replayScript(text, handler, basename(file))
  if (process.env.REWRITE === '1') {
    if (actual !== text) writeFileSync(file, actual)
    return
  }
  expect(actual, `${basename(file)} (REWRITE=1 accepts the new output)`).toBe(text)
}

/** The script's text with every output replaced by the handler's. */
export function replayScript(
  text: string,
  handler: (command: ScriptCommand) => string,
  file = 'script',
): string {
  const lines = text.split('\n')
  const out: string[] = []
  let at = 0
  while (at < lines.length) {
    const line = lines[at] ?? ''
    if (line.trim() === '' || line.startsWith('#')) {
      out.push(line)
      at += 1
      continue
    }
    const block = readBlock(lines, at, file)
    out.push(...lines.slice(at, block.outputAt))
    out.push(...outputLines(answer(handler, block.command)))
    at = block.nextAt
  }
  return out.join('\n')
}

interface Block {
  readonly command: ScriptCommand
  /** Line after the separator. */
  readonly outputAt: number
  /** First line after the old output. */
  readonly nextAt: number
}

const separator = '----'

/** The command at `at`, its input lines up to the separator, and the extent of its old output. */
function readBlock(lines: readonly string[], at: number, file: string): Block {
  let separatorAt = at + 1
  while (separatorAt < lines.length && lines[separatorAt] !== separator) separatorAt += 1
  if (separatorAt === lines.length) {
    throw new Error(`${file}:${at + 1}: no ${separator} follows the command`)
  }
  const input = lines.slice(at + 1, separatorAt)
  const command = new ScriptCommand(lines[at] ?? '', input, `${file}:${at + 1}`)
  const outputAt = separatorAt + 1
  return { command, outputAt, nextAt: outputEnd(lines, outputAt) }
}

/** Output ends at a blank line; output with blank lines in it stands between double separators. */
function outputEnd(lines: readonly string[], outputAt: number): number {
  let end = outputAt
  if (lines[outputAt] === separator) {
    end += 1
    while (end < lines.length && !(lines[end] === separator && lines[end + 1] === separator)) {
      end += 1
    }
    return Math.min(end + 2, lines.length)
  }
  while (end < lines.length && lines[end] !== '') end += 1
  return end
}

function outputLines(output: string): string[] {
  const lines = output.replace(/\n+$/, '').split('\n')
  if (lines.length === 1 && lines[0] === '') return []
  if (lines.includes(separator)) throw new ScriptError(`output has no line ${separator}`)
  return lines.includes('') ? [separator, ...lines, separator, separator] : lines
}

function answer(handler: (command: ScriptCommand) => string, command: ScriptCommand): string {
  try {
    const output = handler(command)
    command.assertAllUsed()
    return output
  } catch (error) {
    if (error instanceof ScriptError || !(error instanceof Error)) throw error
    return `error: ${error.message}`
  }
}
