// The files of the repository, for the checks of this folder, and how their findings are printed.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Problem } from './source-file.ts'

export const repositoryRoot = fileURLToPath(new URL('..', import.meta.url))

const skipped = new Set(['node_modules', 'dist', 'coverage', '.git', 'data', '.cache'])

/** Paths of files below the given ones that end in one of `extensions`, relative, sorted. */
export function filesBelow(paths: readonly string[], extensions: readonly string[]): string[] {
  const found: string[] = []
  const visit = (absolute: string): void => {
    if (statSync(absolute).isDirectory()) {
      for (const entry of readdirSync(absolute)) {
        if (!skipped.has(entry)) visit(join(absolute, entry))
      }
    } else if (extensions.some(extension => absolute.endsWith(extension))) {
      found.push(relative(repositoryRoot, absolute).split(sep).join('/'))
    }
  }
  for (const path of paths) visit(join(repositoryRoot, path))
  return found.sort()
}

export function readFile(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8')
}

/** Prints the problems as `file:line: message` and sets the exit code. */
export function report(tool: string, fileCount: number, problems: readonly Problem[]): void {
  for (const { path, line, message } of problems) console.log(`${path}:${line}: ${message}`)
  console.log(`${tool}: ${fileCount} files, ${problems.length} problems`)
  if (problems.length > 0) process.exitCode = 1
}
