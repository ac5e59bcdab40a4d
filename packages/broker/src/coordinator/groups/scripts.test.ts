import { readdirSync } from 'node:fs'
import { runScript } from '@klamm/base/testing'
import { test } from 'vitest'
import { GroupScript } from '../testing/group-script.ts'

const folder = new URL('./scripts/', import.meta.url)

for (const name of readdirSync(folder)) {
  test(`${name} happens as it is written`, () => {
    const script = new GroupScript()
    runScript(new URL(name, folder), command => script.run(command))
  })
}
