// Which assignment strategy a group uses: one that every member supports, by vote.

import type { Member } from './member.ts'

/** Names every member supports. */
export function commonProtocols(members: Iterable<Member>): ReadonlySet<string> {
  let common: Set<string> | undefined
  for (const { protocols } of members) {
    const names = new Set<string>()
    for (const { name } of protocols) {
      if (common === undefined || common.has(name)) names.add(name)
    }
    common = names
  }
  return common ?? new Set()
}

/**
 * Each member votes for the first of its protocols that all support; of equally many votes the
 * protocol wins that a member of longer standing voted for. Undefined when nothing is common.
 */
export function selectProtocol(members: Iterable<Member>): string | undefined {
  const all = [...members]
  const common = commonProtocols(all)
  const votes = new Map<string, number>()
  for (const { protocols } of all) {
    const vote = protocols.find(({ name }) => common.has(name))
    if (vote !== undefined) votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1)
  }
  let winner: string | undefined
  let most = 0
  for (const [name, count] of votes) {
    if (count > most) [winner, most] = [name, count]
  }
  return winner
}
