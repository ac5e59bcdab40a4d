// A client in the process of its cluster: without sockets, inline and through worker threads.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { startCluster } from '@klamm/cluster'
import { DescribeCluster } from '@klamm/protocol'
import { expect, test } from 'vitest'

const body = {
  includeClusterAuthorizedOperations: false,
  endpointType: 1,
  includeFencedBrokers: false,
}

test.each(['inline', 'worker'] as const)(
  '%s: a client reaches every broker without a socket, also after a restart',
  async mode => {
    let sockets = 0
    const onSocket = (): void => {
      sockets += 1
    }
    await using cluster = await startCluster({ mode, zones: 2, logLevel: 'error' })
    await cluster.ready()
    subscribe('net.client.socket', onSocket)
    await using core = cluster.client().core()
    const topic = await core.metadata.topic('a', { allowAutoTopicCreation: true })
    expect(topic.partitions).toHaveLength(1)
    expect(core.metadata.clusterId).toBe(cluster.clusterId)
    for (const id of [1, 2]) {
      const response = await core.brokers.request(id, DescribeCluster, body)
      expect(response.clusterId).toBe(cluster.clusterId)
    }
    await cluster.kill(2)
    await expect(core.brokers.request(2, DescribeCluster, body)).rejects.toMatchObject({
      code: 'ERR_CONNECTION',
    })
    await cluster.restart(2)
    await core.brokers.request(2, DescribeCluster, body)
    unsubscribe('net.client.socket', onSocket)
    expect(sockets).toBe(0)
  },
)
