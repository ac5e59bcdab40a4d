// The sticky assignors of Kafka: `sticky`, whose members give up everything and say in user data
// what they had, and `cooperative-sticky`, whose members keep what stays theirs (KIP-429).

import type { Assignor, AssignorInput, GroupAssignment, GroupMember } from './assignor.ts'
import { balance } from './balance.ts'
import { difference, listOf, partitionsOf, type TopicPartition } from './partitions.ts'
import {
  decodeGeneration,
  decodeStickyUserData,
  encodeGeneration,
  encodeStickyUserData,
} from './sticky-user-data.ts'

export const sticky: Assignor = {
  name: 'sticky',
  isCooperative: false,
  assign: input => balance({ ...input, members: input.members.map(withUserData) }),
  userData: encodeStickyUserData,
}

export const cooperativeSticky: Assignor = {
  name: 'cooperative-sticky',
  isCooperative: true,
  assign: assignCooperatively,
  // For leaders that read subscriptions before v2, which has the generation itself.
  userData: (_owned, generationId) => encodeGeneration(generationId),
}

/** An eager member's subscription says that it owns nothing; what it had is in its user data. */
function withUserData(member: GroupMember): GroupMember {
  const told = member.userData === undefined ? undefined : decodeStickyUserData(member.userData)
  return { ...member, owned: told?.owned ?? new Map(), generationId: told?.generationId ?? -1 }
}

/**
 * A partition that changes hands is nobody's in this round: its old owner learns that it has to
 * give it up, joins again when it has, and in that round the new owner gets it.
 */
function assignCooperatively(input: AssignorInput): GroupAssignment {
  const members = input.members.map(withGeneration)
  const wanted = balance({ ...input, members })
  const changing: TopicPartition[] = []
  const held = partitionsOf(members.flatMap(({ owned }) => listOf(owned)))
  for (const { memberId, owned } of members) {
    const added = difference(wanted.get(memberId) ?? new Map(), owned)
    changing.push(...listOf(added).filter(p => held.get(p.topic)?.includes(p.partition) === true))
  }
  const withheld = partitionsOf(changing)
  return new Map(
    members.map(({ memberId, owned }) => {
      const all = wanted.get(memberId) ?? new Map()
      // What a member keeps is never withheld from it, though somebody else may claim it too.
      const kept = listOf(all).filter(({ topic, partition }) => {
        const isMine = owned.get(topic)?.includes(partition) === true
        return isMine || withheld.get(topic)?.includes(partition) !== true
      })
      return [memberId, partitionsOf(kept)]
    }),
  )
}

function withGeneration(member: GroupMember): GroupMember {
  if (member.generationId >= 0 || member.userData === undefined) return member
  return { ...member, generationId: decodeGeneration(member.userData) ?? -1 }
}
