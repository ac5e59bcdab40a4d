import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { describeConfigs } from './describe-configs.ts'
import { incrementalAlterConfigs } from './incremental-alter-configs.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { clusterOf, servicesOf } from './testing/cluster.ts'

const resource = (resourceType: number, resourceName: string, keys: string[] | null = null) => ({
  resourceType,
  resourceName,
  configurationKeys: keys,
})

for (const apiVersion of versionsOf(describeConfigs)) {
  test(`version ${apiVersion} tells every config of a topic with its source`, async () => {
    const cluster = clusterOf({ 'message.max.bytes': '77' })
    cluster.createTopic('t', { configs: [{ name: 'retention.ms', value: '5' }] })
    const request = {
      resources: [resource(2, 't')],
      includeSynonyms: true,
      includeDocumentation: true,
    }
    const response = await ask(describeConfigs, servicesOf(cluster), { apiVersion }, request)
    const [result] = response.results
    expect(result).toMatchObject({ errorCode: errorCodes.NONE, resourceName: 't' })
    expect(result?.configs.length).toBe(37)
    const find = (name: string) => result?.configs.find(config => config.name === name)
    expect(find('retention.ms')).toMatchObject({
      value: '5',
      configSource: 1,
      readOnly: false,
      isSensitive: false,
      configType: apiVersion >= 3 ? 5 : 0,
      synonyms: [
        { name: 'retention.ms', value: '5', source: 1 },
        { name: 'log.retention.hours', value: '168', source: 5 },
      ],
    })
    const documentation = find('retention.ms')?.documentation ?? ''
    expect(documentation.includes('Records may be so old')).toBe(apiVersion >= 3)
    expect(find('max.message.bytes')).toMatchObject({ value: '77', configSource: 4 })
  })

  test(`version ${apiVersion} tells the configs of this broker only`, async () => {
    const services = servicesOf(clusterOf({ 'node.id': '1' }))
    const resources = [resource(4, '1'), resource(4, '2'), resource(4, '')]
    const response = await ask(describeConfigs, services, { apiVersion }, { resources })
    const told = response.results.map(({ errorCode, configs }) => [errorCode, configs.length])
    expect(told).toEqual([
      [errorCodes.NONE, 350],
      [errorCodes.INVALID_REQUEST, 0],
      [errorCodes.NONE, 0],
    ])
    expect(response.results[1]?.errorMessage).toContain('expected 1')
    const nodeId = response.results[0]?.configs.find(({ name }) => name === 'node.id')
    expect(nodeId).toMatchObject({ value: '1', readOnly: true, configSource: 4, synonyms: [] })
  })
}

test('a broker tells who and where it is, as if it was started with that', async () => {
  const services = servicesOf(clusterOf({ 'broker.rack': 'of somebody else' }))
  const keys = ['advertised.listeners', 'broker.id', 'broker.rack', 'listeners', 'node.id']
  const request = { resources: [resource(4, '1', keys)] }
  const response = await ask(describeConfigs, services, { apiVersion: 4 }, request)
  const told = response.results[0]?.configs ?? []
  expect(told.map(({ name, value }) => [name, value])).toEqual([
    ['advertised.listeners', 'CLIENT://localhost:9092'],
    ['broker.id', '1'],
    ['broker.rack', 'zone-a'],
    ['listeners', 'CLIENT://localhost:9092'],
    ['node.id', '1'],
  ])
  expect(new Set(told.map(({ configSource }) => configSource))).toEqual(new Set([4]))
})

test('only the keys asked for are told, all when none are named', async () => {
  const cluster = clusterOf()
  cluster.createTopic('t')
  const resources = [resource(2, 't', ['retention.ms', 'no.such']), resource(2, 't', [])]
  const response = await ask(describeConfigs, servicesOf(cluster), { apiVersion: 4 }, { resources })
  expect(response.results[0]?.configs.map(({ name }) => name)).toEqual(['retention.ms'])
  expect(response.results[0]?.configs[0]).toMatchObject({ documentation: null, synonyms: [] })
  expect(response.results[1]?.configs.length).toBe(37)
})

test('what there is not is refused, each by itself', async () => {
  const resources = [
    resource(2, 'nowhere'),
    resource(2, 'not a name'),
    resource(8, '1'),
    resource(16, 'm'),
    resource(32, ''),
    resource(32, 'g'),
  ]
  const response = await ask(
    describeConfigs,
    servicesOf(clusterOf()),
    { apiVersion: 4 },
    { resources },
  )
  expect(response.results.map(({ errorCode }) => errorCode)).toEqual([
    errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    errorCodes.INVALID_TOPIC_EXCEPTION,
    errorCodes.INVALID_REQUEST,
    errorCodes.INVALID_REQUEST,
    errorCodes.INVALID_REQUEST,
    errorCodes.NONE,
  ])
})

for (const apiVersion of versionsOf(incrementalAlterConfigs)) {
  test(`version ${apiVersion} of IncrementalAlterConfigs changes what is then described`, async () => {
    const cluster = clusterOf()
    cluster.createTopic('t')
    const services = servicesOf(cluster)
    const change = (name: string, configOperation: number, value: string | null) => ({
      name,
      configOperation,
      value,
    })
    const alter = (resourceType: number, resourceName: string, ...configs: object[]) => ({
      resourceType,
      resourceName,
      configs: configs as ReturnType<typeof change>[],
    })
    const resources = [
      alter(2, 't', change('cleanup.policy', 2, 'compact'), change('retention.ms', 0, '5')),
      alter(9, 't', change('retention.ms', 0, '5')),
      alter(4, '1', change('message.max.bytes', 0, '99')),
      alter(4, '2', change('message.max.bytes', 7, '99')),
      alter(4, '3', change('message.max.bytes', 0, 'many')),
      alter(2, 'nowhere', change('retention.ms', 1, null)),
    ]
    const request = { resources, validateOnly: false }
    const response = await ask(incrementalAlterConfigs, services, { apiVersion }, request)
    expect(response.responses.map(answer => [answer.resourceName, answer.errorCode])).toEqual([
      ['t', errorCodes.NONE],
      ['t', errorCodes.INVALID_REQUEST],
      ['1', errorCodes.NONE],
      ['2', errorCodes.INVALID_REQUEST],
      ['3', errorCodes.INVALID_CONFIG],
      ['nowhere', errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    ])
    const asked = { resources: [resource(2, 't'), resource(4, '1', ['message.max.bytes'])] }
    const described = await ask(describeConfigs, services, { apiVersion: 4 }, asked)
    const policy = described.results[0]?.configs.find(({ name }) => name === 'cleanup.policy')
    expect(policy).toMatchObject({ value: 'delete,compact', configSource: 1 })
    expect(described.results[1]?.configs[0]).toMatchObject({ value: '99', configSource: 2 })
  })
}
