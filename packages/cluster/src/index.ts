// @klamm/cluster: a cluster of brokers in one process.

export { type BrokerAddress, Cluster, startCluster } from './cluster.ts'
export type { ClusterMode, ClusterSpec, Durability } from './spec.ts'
