import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { describeCluster } from './describe-cluster.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { clusterOf, servicesOf } from './testing/cluster.ts'

for (const apiVersion of versionsOf(describeCluster)) {
  test(`version ${apiVersion} tells the brokers, fenced ones on demand`, async () => {
    const cluster = clusterOf()
    cluster.kill([3])
    const request = { includeFencedBrokers: true, includeClusterAuthorizedOperations: true }
    const response = await ask(describeCluster, servicesOf(cluster), { apiVersion }, request)
    expect(response).toMatchObject({
      errorCode: errorCodes.NONE,
      clusterId: 'test',
      controllerId: 2,
      clusterAuthorizedOperations: 8096,
    })
    const told = response.brokers.map(({ brokerId, isFenced }) => [brokerId, isFenced])
    const three = apiVersion >= 2 ? [[3, true]] : []
    expect(told).toEqual([[1, false], [2, false], ...three])
    expect(response.brokers[0]).toMatchObject({ host: 'localhost', port: 9092, rack: 'zone-a' })
  })
}

test('controllers have no endpoints of their own', async () => {
  const services = servicesOf(clusterOf())
  const asked = async (endpointType: number) => {
    const response = await ask(describeCluster, services, { apiVersion: 1 }, { endpointType })
    return [response.errorCode, response.errorMessage]
  }
  expect(await asked(2)).toEqual([errorCodes.MISMATCHED_ENDPOINT_TYPE, expect.any(String)])
  expect(await asked(3)).toEqual([errorCodes.UNSUPPORTED_ENDPOINT_TYPE, expect.any(String)])
})
