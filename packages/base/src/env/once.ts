// Stopping is asked for by many (a signal, a failure, a test) and done once.

/** A function that runs `work` at its first call and gives the same promise to every caller. */
export function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= work()
    return running
  }
}
