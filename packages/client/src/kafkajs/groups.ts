// Groups in KafkaJS's shape: what members sent stays bytes.

import { Buffer } from 'node:buffer'
import type { GroupDescription as OurDescription } from '../admin/groups.ts'

export interface GroupDescription {
  errorCode: number
  groupId: string
  members: {
    memberId: string
    clientId: string
    clientHost: string
    memberMetadata: Buffer
    memberAssignment: Buffer
  }[]
  /** The assignor chosen. */
  protocol: string
  protocolType: string
  state: string
}

export function groupOf(group: OurDescription): GroupDescription {
  const { groupId, protocol, protocolType, state } = group
  const members = group.members.map(({ memberId, clientId, clientHost, ...bytes }) => ({
    memberId,
    clientId,
    clientHost,
    memberMetadata: Buffer.from(bytes.metadataBytes),
    memberAssignment: Buffer.from(bytes.assignmentBytes),
  }))
  return { errorCode: 0, groupId, members, protocol, protocolType, state }
}
