// A rule that was broken in a simulation, by its id.

export class Violation extends Error {
  override readonly name = 'Violation'
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`)
    this.invariant = invariant
  }
}

export function demand(invariant: string, holds: boolean, detail: () => string): void {
  if (!holds) throw new Violation(invariant, detail())
}
