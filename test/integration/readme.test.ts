import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const snippets = [...readme.matchAll(/^```ts run\n(.*?)^```/gms)].map(([, code]) => code ?? '')

test('the README has snippets', () => {
  expect(snippets.length).toBeGreaterThan(0)
})

test.each(snippets.map((code, i) => [i + 1, code] as const))(
  'snippet %i of the README runs as it stands',
  async (number, code) => {
    // Here, so that imports are found as in any package of the workspace.
    const file = fileURLToPath(new URL(`./readme-snippet-${number}.ts`, import.meta.url))
    writeFileSync(file, code)
    try {
      // KafkaJS sets timers into the past, which Node warns of.
      const args = ['--disable-warning=TimeoutNegativeWarning', file]
      const { stderr } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 })
      expect(stderr).toBe('')
    } finally {
      rmSync(file, { force: true })
    }
  },
)
