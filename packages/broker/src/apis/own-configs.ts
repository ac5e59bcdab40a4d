// The configs that say who and where a broker is. Nobody sets them here: they follow from the plan
// of the cluster and from the ports that were bound, and are told as if the broker was started with
// them.

import type { MetadataImage } from '../metadata/index.ts'

/** By name; empty before the broker is registered. */
export function ownConfigs(image: MetadataImage, brokerId: number): ReadonlyMap<string, string> {
  const own = new Map<string, string>()
  const broker = image.cluster.broker(brokerId)
  if (broker === undefined) return own
  own.set('node.id', `${brokerId}`)
  own.set('broker.id', `${brokerId}`)
  if (broker.zone !== undefined) own.set('broker.rack', broker.zone)
  const listeners = broker.endpoints.map(({ listener, host, port }) => {
    return `${listener}://${host}:${port}`
  })
  own.set('listeners', listeners.join(','))
  own.set('advertised.listeners', listeners.join(','))
  return own
}
