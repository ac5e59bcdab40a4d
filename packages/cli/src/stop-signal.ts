// Ctrl-C and SIGTERM: the first one asks for the end, a second one insists.

/** What sends signals and can be ended: the process, in tests a stand-in. */
export interface Signalled {
  on(signal: 'SIGINT' | 'SIGTERM', run: () => void): unknown
  exit(code: number): void
}

/** Under npm one Ctrl-C arrives twice: from the terminal, and a moment later from npm. */
const sameSignalMs = 300

/** As a shell tells that a process was ended by SIGINT. */
const interrupted = 130

/** Resolves at the first signal to stop; a later one ends the process at once. */
export function stopSignal(target: Signalled, nowMs: () => number): Promise<void> {
  return new Promise(resolve => {
    let firstMs: number | undefined
    const onSignal = (): void => {
      if (firstMs === undefined) {
        firstMs = nowMs()
        resolve()
      } else if (nowMs() - firstMs >= sameSignalMs) target.exit(interrupted)
    }
    target.on('SIGINT', onSignal)
    target.on('SIGTERM', onSignal)
  })
}
