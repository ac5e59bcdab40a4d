// Raft packets over the private network: frames of a private API key, one way, lost with a broken
// connection like any packet.

import type { Logger } from '@klamm/base/env'
import { decodePacket, encodePacket, type Packet, RaftDecodeError } from '@klamm/raft'
import { raftMessageKey } from '../network/dispatch.ts'
import type { PeerChannels } from '../network/peer-channels.ts'

/** Frame: length, API key, packet. */
export function frameOf(packet: Packet): readonly Uint8Array[] {
  const body = encodePacket(packet)
  const head = new Uint8Array(6)
  const view = new DataView(head.buffer)
  view.setInt32(0, 2 + body.byteLength)
  view.setInt16(4, raftMessageKey)
  return [head, body]
}

/** Undefined, and logged, when the frame is not one of ours. `frame` starts with the API key. */
export function packetOf(frame: Uint8Array, log: Logger): Packet | undefined {
  try {
    return decodePacket(frame.subarray(2))
  } catch (error) {
    if (!(error instanceof RaftDecodeError)) throw error
    log.warn('a peer sent what is no raft packet', { error })
    return undefined
  }
}

export function sendPacket(peers: PeerChannels, packet: Packet): void {
  peers.to(packet.to.nodeId).post(frameOf(packet))
}
