// Identities for tests: node 1 with its first directory, its second, …

import { uuidFromBytes } from '@klamm/base'
import type { VoterId } from '../types.ts'

/** `generation` counts the directories a node has had, from 0. */
export function testVoter(nodeId: number, generation = 0): VoterId {
  const bytes = new Uint8Array(16)
  bytes[0] = nodeId
  bytes[1] = generation
  bytes[15] = 1
  return { nodeId, directoryId: uuidFromBytes(bytes) }
}
