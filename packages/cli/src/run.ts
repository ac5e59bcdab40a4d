// Parses the command line and runs one command; the one place that turns errors into exit codes.

import { ConfigError } from '@klamm/base/env'
import { Command, CommanderError } from 'commander'
import { startCommand } from './commands/start.ts'

/** 0: done. 1: the operator can mend it, one sentence said how. 2: the command line is wrong. */
export async function run(args: readonly string[]): Promise<number> {
  const program = new Command('klamm')
    .description('Kafka-compatible broker clusters in Node.js')
    .addCommand(startCommand())
    .exitOverride()
  for (const command of program.commands) command.exitOverride()
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof ConfigError) {
      process.stderr.write(`klamm: ${error.message}\n`)
      return 1
    }
    throw error
  }
}
