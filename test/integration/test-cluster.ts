// A cluster for tests with real clients: three brokers in three zones, in threads, on free ports.

import { type Cluster, type ClusterSpec, startCluster } from '@klamm/cluster'

/** Kafka's defaults wait longer than a test should. */
export const testConfig = {
  'group.initial.rebalance.delay.ms': 0,
  'offsets.topic.num.partitions': 5,
  'broker.session.timeout.ms': 2_000,
  'broker.heartbeat.interval.ms': 200,
  'replica.lag.time.max.ms': 5_000,
}

export async function testCluster(spec: ClusterSpec = {}): Promise<Cluster> {
  const cluster = await startCluster({
    mode: 'worker',
    logLevel: 'error',
    ...spec,
    config: { ...testConfig, ...spec.config },
  })
  try {
    await cluster.ready()
    return cluster
  } catch (error) {
    await cluster.close()
    throw error
  }
}

/** Repeats `attempt` until it gives something; for conditions that the cluster brings about. */
export async function eventually<T>(
  attempt: () => Promise<T | undefined>,
  what: string,
  limitMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const value = await attempt()
    if (value !== undefined) return value
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
