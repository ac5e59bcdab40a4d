// Truths stated in code. Always on: a broker that stops is safer than one that goes on in a state
// nobody reasoned about.

/** A broken invariant: a bug in this program. Never caught to carry on; the node stops. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** States what must be true here, in words. `detail` runs only on failure. */
export function assert(
  condition: boolean,
  invariant: string,
  detail?: () => string,
): asserts condition {
  if (condition) return
  throw new InvariantError(detail === undefined ? invariant : `${invariant}: ${detail()}`)
}

/** The value, which cannot be absent here. */
export function present<T>(value: T | null | undefined, invariant: string): T {
  if (value === null || value === undefined) throw new InvariantError(invariant)
  return value
}

/** Closes a switch over a union: does not compile when a member was forgotten. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`)
}
