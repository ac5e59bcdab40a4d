// The one command before every commit: format and lint, types, style, layers, unused code, unit
// tests. Stops at the first failure and shows its output. Prints `check passed`, or which step
// failed, as the last line.

import { spawnSync } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { repositoryRoot } from './repository.ts'

interface Step {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

/** Cheap ones first. */
const steps: readonly Step[] = [
  { name: 'biome', command: 'biome', args: ['ci', '--colors=off', '--error-on-warnings', '.'] },
  { name: 'types', command: 'tsc', args: ['-p', 'tsconfig.json'] },
  { name: 'pure types', command: 'tsc', args: ['-p', 'tsconfig.pure.json'] },
  { name: 'tidy', command: 'node', args: ['scripts/tidy.ts'] },
  { name: 'layers', command: 'node', args: ['scripts/layers.ts'] },
  { name: 'knip', command: 'knip', args: ['--no-config-hints'] },
  { name: 'unit tests', command: 'vitest', args: ['run', '--project', 'unit'] },
]

const binaries = join(repositoryRoot, 'node_modules', '.bin')
// The tools' own launchers ask PATH for node: it must be the locked one.
const env = { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH ?? ''}` }

/** The step's closing line, or undefined when it failed and its output was shown. */
function run({ command, args }: Step): string | undefined {
  const { status, error, stdout, stderr } = spawnSync(join(binaries, command), args, {
    cwd: repositoryRoot,
    env: { ...env, NO_COLOR: '1' },
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  if (status === 0) return stdout.trimEnd().split('\n').at(-1) ?? ''
  console.log(`${stdout}${stderr}${error?.message ?? ''}`.trimEnd())
  return undefined
}

function check(): boolean {
  for (const step of steps) {
    const startMs = performance.now()
    const closingLine = run(step)
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
    if (closingLine === undefined) {
      console.log(`check failed: ${step.name}`)
      return false
    }
    console.log(`${step.name.padEnd(12)}${seconds.padStart(6)} s  ${closingLine}`.trimEnd())
  }
  console.log('check passed')
  return true
}

if (!check()) process.exitCode = 1
