// A broken invariant of Raft, found from outside by a checker.

export type Invariant =
  | 'RAFT-1 election safety'
  | 'RAFT-2 one vote per term'
  | 'RAFT-3 terms'
  | 'RAFT-4 leader append-only'
  | 'RAFT-5 log matching'
  | 'RAFT-6 leader completeness'
  | 'RAFT-7 state machine safety'
  | 'RAFT-8 commit rule'
  | 'RAFT-9 committed is durable'
  | 'RAFT-10 monotone'
  | 'RAFT-11 linearizable reads'
  | 'RAFT-12 membership'
  | 'RAFT-13 pre-vote'
  | 'RAFT-14 check-quorum'
  | 'RAFT-15 snapshot'
  | 'RAFT-16 no amnesia'
  | 'LIV-R1 one leader'
  | 'LIV-R2 proposals end'
  | 'LIV-R3 configurations settle'

export class Violation extends Error {
  override readonly name = 'Violation'
  readonly invariant: Invariant

  constructor(invariant: Invariant, detail: string) {
    super(`${invariant}: ${detail}`)
    this.invariant = invariant
  }
}

export function demand(condition: boolean, invariant: Invariant, detail: () => string): void {
  if (!condition) throw new Violation(invariant, detail())
}
