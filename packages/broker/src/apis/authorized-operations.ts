// Which operations the asker may do, as the bit fields of KIP-430. Nobody is refused anything yet,
// so these are all operations a kind of resource has, as Kafka answers without an authorizer.

/** What stands for "not asked for". */
export const notAsked = -0x80000000

const read = 1 << 3
const write = 1 << 4
const create = 1 << 5
const remove = 1 << 6
const alter = 1 << 7
const describe = 1 << 8
const clusterAction = 1 << 9
const describeConfigs = 1 << 10
const alterConfigs = 1 << 11
const idempotentWrite = 1 << 12

export const topicOperations =
  read | write | create | remove | alter | describe | describeConfigs | alterConfigs

export const clusterOperations =
  create | alter | describe | clusterAction | describeConfigs | alterConfigs | idempotentWrite
