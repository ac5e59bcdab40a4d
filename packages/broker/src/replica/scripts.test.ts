// Behaviour as text: every file in scripts/ says what the machines do. REWRITE=1 writes down what
// they do now.

import { readdirSync } from 'node:fs'
import { runScript, ScriptError } from '@klamm/base/testing'
import { test } from 'vitest'
import { followerCommand } from './testing/follower-script.ts'
import { leaderCommand } from './testing/leader-script.ts'
import { producerCommand } from './testing/producer-script.ts'
import { newScriptState } from './testing/script-state.ts'

const folder = new URL('./scripts/', import.meta.url)

for (const name of readdirSync(folder).sort()) {
  test(`the script ${name} tells what happens`, () => {
    const state = newScriptState()
    runScript(new URL(name, folder), command => {
      const output =
        leaderCommand(command, state) ??
        followerCommand(command, state) ??
        producerCommand(command, state)
      if (output === undefined) throw new ScriptError(`${command.position}: unknown command`)
      return output.length === 0 ? 'ok' : output.join('\n')
    })
  })
}
