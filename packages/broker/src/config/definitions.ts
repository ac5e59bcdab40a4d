// Every config there is, by the kind of thing it belongs to.

import { groupsConfigs } from './broker/groups.ts'
import { logConfigs } from './broker/log.ts'
import { quorumConfigs } from './broker/quorum.ts'
import { remoteConfigs } from './broker/remote.ts'
import { replicationConfigs } from './broker/replication.ts'
import { securityConfigs } from './broker/security.ts'
import { serverConfigs } from './broker/server.ts'
import { throttleConfigs } from './broker/throttles.ts'
import { transactionsConfigs } from './broker/transactions.ts'
import { type ConfigDefinition, definitionsOf } from './definition.ts'
import { groupConfigs } from './group-configs.ts'
import { topicConfigs } from './topic-configs.ts'

type Definitions = ReadonlyMap<string, ConfigDefinition>

export const topicDefinitions: Definitions = definitionsOf(topicConfigs)

/** What a broker can be started with. */
export const staticBrokerDefinitions: Definitions = definitionsOf(
  groupsConfigs,
  logConfigs,
  quorumConfigs,
  remoteConfigs,
  replicationConfigs,
  securityConfigs,
  serverConfigs,
  transactionsConfigs,
)

/** The same and what can only be set at run time. */
export const brokerDefinitions: Definitions = new Map([
  ...staticBrokerDefinitions,
  ...definitionsOf(throttleConfigs),
])

export const groupDefinitions: Definitions = definitionsOf(groupConfigs)

export type TopicConfigName = keyof typeof topicConfigs
