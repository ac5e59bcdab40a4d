// The closing line of every test run: `N passed, N failed[, N skipped]`, alone, after everything
// else. A file that cannot be loaded and an error outside any test count as one failure each.
import { writeSync } from 'node:fs'
import type { SerializedError } from 'vitest'
import type { Reporter, TestModule } from 'vitest/node'

export default class SummaryReporter implements Reporter {
  #line: string | undefined

  onInit(): void {
    process.once('exit', code => {
      if (this.#line !== undefined) writeSync(1, `${this.#line}\n`)
      else if (code !== 0) writeSync(1, '0 passed, 1 failed\n')
    })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) {
      let failedTests = 0
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'failed') failedTests += 1
        counts[state === 'pending' ? 'skipped' : state] += 1
      }
      if (failedTests === 0 && module.state() === 'failed') counts.failed += 1
    }
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
    this.#line = `${counts.passed} passed, ${counts.failed} failed${skipped}`
  }
}
