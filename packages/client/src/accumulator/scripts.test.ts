// Behaviour as text: every file in scripts/ says what the accumulator does. REWRITE=1 writes down
// what it does now.

import { readdirSync } from 'node:fs'
import { runScript } from '@klamm/base/testing'
import { test } from 'vitest'
import { accumulatorScript } from './testing/accumulator-script.ts'

const folder = new URL('./scripts/', import.meta.url)

for (const name of readdirSync(folder).sort()) {
  test(`the script ${name} tells what happens`, () => {
    runScript(new URL(name, folder), accumulatorScript())
  })
}
