// `isolate id=1`: nothing reaches it or leaves it. `join`: everything is connected again.

import type { Command } from './command.ts'

export const isolate: Command = (env, command) => env.isolate(command.number('id'))

export const join: Command = env => env.join()
