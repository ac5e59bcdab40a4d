// The states of a classic group and the ways between them.
//
//            join                all joined             leader synced
//   empty ─────────▶ preparing ─────────────▶ completing ─────────────▶ stable
//     ▲    nobody     Rebalance ◀──────────────Rebalance                   │
//     └──────────────────┘   ▲    somebody joins, leaves, dies              │
//                            └─────────────────────────────────────────────┘

/** From each state, the states that may follow. `dead` is final: the group is forgotten. */
const transitions = {
  empty: ['preparingRebalance', 'dead'],
  preparingRebalance: ['completingRebalance', 'empty', 'dead'],
  completingRebalance: ['stable', 'preparingRebalance', 'dead'],
  stable: ['preparingRebalance', 'dead'],
  dead: [],
} as const satisfies Record<string, readonly string[]>

export type GroupState = keyof typeof transitions

/** What the wire calls the states. */
export const groupStateNames = {
  empty: 'Empty',
  preparingRebalance: 'PreparingRebalance',
  completingRebalance: 'CompletingRebalance',
  stable: 'Stable',
  dead: 'Dead',
} as const satisfies Record<GroupState, string>

export type GroupStateName = (typeof groupStateNames)[GroupState]

export function mayFollow(from: GroupState, to: GroupState): boolean {
  const next: readonly GroupState[] = transitions[from]
  return next.includes(to)
}
