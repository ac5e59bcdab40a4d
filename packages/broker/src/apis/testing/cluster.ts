// Services of a broker next to a controller that commits at once, for tests of admin handlers.

import { TestCluster } from '../../metadata/testing/test-cluster.ts'
import type { BrokerServices } from '../../services.ts'

export type AdminServices = Pick<
  BrokerServices,
  'brokerId' | 'clusterId' | 'metadata' | 'controller' | 'staticConfigs' | 'topicsOnDemand'
>

/** Brokers 1 to 3, unfenced; broker 1 is asked. */
export function clusterOf(staticConfigs: Readonly<Record<string, string>> = {}): TestCluster {
  const cluster = new TestCluster({ staticConfigs: new Map(Object.entries(staticConfigs)) })
  cluster.start([1, 2, 3], 'zone-a')
  return cluster
}

/** `ensured` hears of topics that are to be created. */
export function servicesOf(cluster: TestCluster, ensured: string[] = []): AdminServices {
  return {
    brokerId: 1,
    clusterId: cluster.options.clusterId,
    metadata: {
      get image() {
        return cluster.replayed
      },
      controllerId: 2,
    },
    controller: {
      async run(decide) {
        const { nowMs, random, nextOffset } = cluster
        return cluster.commit(decide(cluster.controller, { nowMs, random, nextOffset }))
      },
    },
    staticConfigs: cluster.options.staticConfigs,
    topicsOnDemand: { ensure: name => ensured.push(name) },
  }
}
