// Whom to ask instead, in the answers of Produce and Fetch (KIP-951).

import type { MetadataImage, PartitionImage } from '../metadata/index.ts'

export interface LeaderIdAndEpoch {
  readonly leaderId: number
  readonly leaderEpoch: number
}

export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

const unknown: LeaderIdAndEpoch = { leaderId: -1, leaderEpoch: -1 }

export function leaderHint(image: PartitionImage | undefined): LeaderIdAndEpoch {
  if (image === undefined) return unknown
  return { leaderId: image.leader, leaderEpoch: image.leaderEpoch }
}

/** Where clients reach these brokers; those that are gone are left out. */
export function leaderEndpoints(image: MetadataImage, ids: ReadonlySet<number>): NodeEndpoint[] {
  const endpoints: NodeEndpoint[] = []
  for (const id of ids) {
    const broker = image.cluster.broker(id)
    const endpoint = broker?.endpoints[0]
    if (broker === undefined || endpoint === undefined) continue
    const { host, port } = endpoint
    endpoints.push({ nodeId: id, host, port, rack: broker.zone ?? null })
  }
  return endpoints
}
