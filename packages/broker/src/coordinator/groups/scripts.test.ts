import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runGroupScript } from '../testing/group-script.ts'

const folder = new URL('./scripts/', import.meta.url)
/** Writes down what happens now. The difference is to be read before it is committed. */
const isRewriting = process.env.REWRITE === '1'

for (const name of readdirSync(folder)) {
  test(`${name} happens as it is written`, () => {
    const file = new URL(name, folder)
    const script = readFileSync(file, 'utf8')
    const now = runGroupScript(script)
    if (isRewriting) writeFileSync(file, now)
    else expect(now).toBe(script)
  })
}
