// Tells the directory of a broker that has never started from one that was emptied: the first is
// marked when the cluster is made, and loses its mark once the broker has put its identity there.
// An emptied directory must not pass for the first one: what its broker had promised is gone.

import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const fileName = 'first-start'

/** Makes the directory, for a broker that has never started. */
export async function markFirstStart(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeFile(join(directory, fileName), '', { flush: true })
}

export function isFirstStart(directory: string): boolean {
  return existsSync(join(directory, fileName))
}

/** The broker has started: from now on the directory has something to lose. */
export async function hasStarted(directory: string): Promise<void> {
  await rm(join(directory, fileName), { force: true })
}
