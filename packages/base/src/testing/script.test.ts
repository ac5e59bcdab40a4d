// The script runner: parsing, comparing, rewriting.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { replayScript, runScript } from './script.ts'
import type { ScriptCommand } from './script-command.ts'

afterEach(() => vi.unstubAllEnvs())

test('outputs are replaced, comments and commands are kept', () => {
  const text = [
    '# A story.',
    'add a=1 b=2',
    '----',
    'wrong',
    'lines',
    '',
    'add a=3',
    '----',
    '',
  ].join('\n')
  const actual = replayScript(text, command => `${command.number('a') + command.number('b', 10)}`)
  expect(actual).toBe(
    ['# A story.', 'add a=1 b=2', '----', '3', '', 'add a=3', '----', '13', ''].join('\n'),
  )
})

test('replaying what was replayed changes nothing, whatever the output looks like', () => {
  const outputs = ['', 'one', 'two\nlines', 'a blank\n\nline', 'trailing\n\n']
  const text = outputs.map((_, i) => `say n=${i}\n----\nold\n`).join('\n')
  const say = (command: ScriptCommand): string => outputs[command.number('n')] ?? ''
  const once = replayScript(text, say)
  expect(once).not.toContain('old')
  expect(replayScript(once, say)).toBe(once)
})

test('arguments are strings, numbers, booleans and lists', () => {
  const seen: unknown[] = []
  const line = 'go text=a=b n=-1.5 on off=false list=(a, b) one=(7) none=() single=3'
  replayScript(`${line}\nfirst\nsecond\n----\n`, command => {
    seen.push(command.name, command.string('text'), command.number('n'))
    seen.push(command.boolean('on'), command.boolean('off'), command.boolean('absent'))
    seen.push(command.list('list'), command.numbers('one'), command.list('none'))
    seen.push(command.numbers('single'), command.has('absent'), command.input)
    return ''
  })
  expect(seen).toEqual([
    ...['go', 'a=b', -1.5, true, false, false],
    ...[['a', 'b'], [7], [], [3], false, ['first', 'second']],
  ])
})

test('what the handler throws is output', () => {
  const actual = replayScript('go\n----\n', () => {
    throw new Error('no such broker')
  })
  expect(actual).toBe('go\n----\nerror: no such broker\n')
})

test('a mistake in the script fails at its line', () => {
  const run = (line: string, handler: (command: ScriptCommand) => string): (() => void) => {
    return () => void replayScript(`\n${line}\n----\n`, handler)
  }
  expect(run('go n=x', command => `${command.number('n')}`)).toThrow('script:2: n is a number')
  expect(run('go', command => command.string('n'))).toThrow('script:2: go needs n')
  expect(run('go m=1', () => '')).toThrow('script:2: go does not use m')
  expect(run('go m=1 m=2', () => '')).toThrow('m is given twice')
  expect(run('go', command => command.unknown())).toThrow('nobody knows the command go')
  expect(() => replayScript('go\n', () => '')).toThrow('script:1: no ---- follows')
})

test('a different output fails, and is accepted with REWRITE=1', () => {
  const directory = mkdtempSync(join(tmpdir(), 'klamm-'))
  const file = join(directory, 'story.txt')
  writeFileSync(file, 'go\n----\nold\n')
  vi.stubEnv('REWRITE', '')
  expect(() => runScript(file, () => 'new')).toThrow('story.txt')
  vi.stubEnv('REWRITE', '1')
  runScript(file, () => 'new')
  expect(readFileSync(file, 'utf8')).toBe('go\n----\nnew\n')
  vi.stubEnv('REWRITE', '')
  runScript(file, () => 'new')
  rmSync(directory, { recursive: true })
})
