// Stories of a few nodes, step by step, with everything they do. See testing/scripts; REWRITE=1
// writes what happens into them.

import { readdirSync } from 'node:fs'
import { runScript } from '@klamm/base/testing'
import { test } from 'vitest'
import { commands } from './testing/commands/index.ts'
import { ScriptEnv } from './testing/script-env.ts'

const folder = new URL('./testing/scripts/', import.meta.url)

for (const file of readdirSync(folder).filter(name => name.endsWith('.txt'))) {
  test(file.replace('.txt', '').replaceAll('-', ' '), () => {
    let env = new ScriptEnv()
    runScript(new URL(file, folder), command => {
      if (command.name === 'limits') {
        env = new ScriptEnv({
          appendBytesMax: command.number('append-bytes', 1024),
          inflightAppendsMax: command.number('inflight', 64),
          snapshotChunkBytes: command.number('chunk-bytes', 1024),
        })
        return ''
      }
      const run = commands.get(command.name)
      if (run === undefined) return command.unknown()
      run(env, command)
      // Steps that are not what the story is about.
      if (command.has('quiet')) env.silence()
      return env.takeOutput()
    })
  })
}
