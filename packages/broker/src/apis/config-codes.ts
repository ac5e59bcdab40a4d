// Kafka's numbers for what configs belong to, where they come from and what they are.

import type { ConfigType } from '../config/definition.ts'
import type { ConfigEntry, ConfigSource } from '../config/effective.ts'
import type { ConfigOperation, ConfigResourceType } from '../metadata/index.ts'

export const configSourceCodes: Readonly<Record<ConfigSource, number>> = {
  dynamicTopic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
  group: 8,
}

export const configTypeCodes: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
}

/** Loggers (8) and whatever else there is are left out: they have no configs here. */
export const configResourceTypes: ReadonlyMap<number, ConfigResourceType> = new Map([
  [2, 'topic'],
  [4, 'broker'],
  [16, 'clientMetrics'],
  [32, 'group'],
])

export const configOperations: ReadonlyMap<number, ConfigOperation> = new Map([
  [0, 'set'],
  [1, 'delete'],
  [2, 'append'],
  [3, 'subtract'],
])

/** The members of a config that CreateTopics and DescribeConfigs share. */
export function commonConfigFields({ name, value, isReadOnly, isSensitive, source }: ConfigEntry) {
  return {
    name,
    value: value ?? null,
    readOnly: isReadOnly,
    isSensitive,
    configSource: configSourceCodes[source],
  }
}
