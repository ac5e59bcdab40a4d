import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { createPartitions } from './create-partitions.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { clusterOf, servicesOf } from './testing/cluster.ts'

for (const apiVersion of versionsOf(createPartitions)) {
  test(`version ${apiVersion} adds partitions and echoes every topic`, async () => {
    const cluster = clusterOf()
    cluster.createTopic('t')
    cluster.createTopic('u')
    const topics = [
      { name: 't', count: 3, assignments: null },
      { name: 'u', count: 2, assignments: [{ brokerIds: [3] }] },
      { name: 'nowhere', count: 3, assignments: null },
    ]
    const services = servicesOf(cluster)
    const response = await ask(createPartitions, services, { apiVersion }, { topics })
    expect(response.results.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['t', errorCodes.NONE],
      ['u', errorCodes.NONE],
      ['nowhere', errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    ])
    expect(response.results[2]?.errorMessage).toContain('does not host')
    expect(cluster.image.topics.byName('t')?.partitions.length).toBe(3)
    expect(cluster.partition('u', 1).replicas).toEqual([3])
  })
}
