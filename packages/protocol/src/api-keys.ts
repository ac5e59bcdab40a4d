// Every API key that Kafka knows: its name, from which version on it is flexible, and who asks. The
// header of a request can be told by this alone, also when we do not serve the API.

const never = Number.POSITIVE_INFINITY

/** `peer`: asked by brokers and controllers only, never by a client. */
interface ApiRow {
  readonly key: number
  /** First flexible version (KIP-482). */
  readonly flexibleSince: number
  readonly askedBy: 'anyone' | 'peer'
}

const table = {
  Produce: { key: 0, flexibleSince: 9, askedBy: 'anyone' },
  Fetch: { key: 1, flexibleSince: 12, askedBy: 'anyone' },
  ListOffsets: { key: 2, flexibleSince: 6, askedBy: 'anyone' },
  Metadata: { key: 3, flexibleSince: 9, askedBy: 'anyone' },
  LeaderAndIsr: { key: 4, flexibleSince: never, askedBy: 'peer' },
  StopReplica: { key: 5, flexibleSince: never, askedBy: 'peer' },
  UpdateMetadata: { key: 6, flexibleSince: never, askedBy: 'peer' },
  ControlledShutdown: { key: 7, flexibleSince: never, askedBy: 'peer' },
  OffsetCommit: { key: 8, flexibleSince: 8, askedBy: 'anyone' },
  OffsetFetch: { key: 9, flexibleSince: 6, askedBy: 'anyone' },
  FindCoordinator: { key: 10, flexibleSince: 3, askedBy: 'anyone' },
  JoinGroup: { key: 11, flexibleSince: 6, askedBy: 'anyone' },
  Heartbeat: { key: 12, flexibleSince: 4, askedBy: 'anyone' },
  LeaveGroup: { key: 13, flexibleSince: 4, askedBy: 'anyone' },
  SyncGroup: { key: 14, flexibleSince: 4, askedBy: 'anyone' },
  DescribeGroups: { key: 15, flexibleSince: 5, askedBy: 'anyone' },
  ListGroups: { key: 16, flexibleSince: 3, askedBy: 'anyone' },
  SaslHandshake: { key: 17, flexibleSince: never, askedBy: 'anyone' },
  ApiVersions: { key: 18, flexibleSince: 3, askedBy: 'anyone' },
  CreateTopics: { key: 19, flexibleSince: 5, askedBy: 'anyone' },
  DeleteTopics: { key: 20, flexibleSince: 4, askedBy: 'anyone' },
  DeleteRecords: { key: 21, flexibleSince: 2, askedBy: 'anyone' },
  InitProducerId: { key: 22, flexibleSince: 2, askedBy: 'anyone' },
  OffsetForLeaderEpoch: { key: 23, flexibleSince: 4, askedBy: 'anyone' },
  AddPartitionsToTxn: { key: 24, flexibleSince: 3, askedBy: 'anyone' },
  AddOffsetsToTxn: { key: 25, flexibleSince: 3, askedBy: 'anyone' },
  EndTxn: { key: 26, flexibleSince: 3, askedBy: 'anyone' },
  WriteTxnMarkers: { key: 27, flexibleSince: 1, askedBy: 'peer' },
  TxnOffsetCommit: { key: 28, flexibleSince: 3, askedBy: 'anyone' },
  DescribeAcls: { key: 29, flexibleSince: 2, askedBy: 'anyone' },
  CreateAcls: { key: 30, flexibleSince: 2, askedBy: 'anyone' },
  DeleteAcls: { key: 31, flexibleSince: 2, askedBy: 'anyone' },
  DescribeConfigs: { key: 32, flexibleSince: 4, askedBy: 'anyone' },
  AlterConfigs: { key: 33, flexibleSince: 2, askedBy: 'anyone' },
  AlterReplicaLogDirs: { key: 34, flexibleSince: 2, askedBy: 'anyone' },
  DescribeLogDirs: { key: 35, flexibleSince: 2, askedBy: 'anyone' },
  SaslAuthenticate: { key: 36, flexibleSince: 2, askedBy: 'anyone' },
  CreatePartitions: { key: 37, flexibleSince: 2, askedBy: 'anyone' },
  CreateDelegationToken: { key: 38, flexibleSince: 2, askedBy: 'anyone' },
  RenewDelegationToken: { key: 39, flexibleSince: 2, askedBy: 'anyone' },
  ExpireDelegationToken: { key: 40, flexibleSince: 2, askedBy: 'anyone' },
  DescribeDelegationToken: { key: 41, flexibleSince: 2, askedBy: 'anyone' },
  DeleteGroups: { key: 42, flexibleSince: 2, askedBy: 'anyone' },
  ElectLeaders: { key: 43, flexibleSince: 2, askedBy: 'anyone' },
  IncrementalAlterConfigs: { key: 44, flexibleSince: 1, askedBy: 'anyone' },
  AlterPartitionReassignments: { key: 45, flexibleSince: 0, askedBy: 'anyone' },
  ListPartitionReassignments: { key: 46, flexibleSince: 0, askedBy: 'anyone' },
  OffsetDelete: { key: 47, flexibleSince: never, askedBy: 'anyone' },
  DescribeClientQuotas: { key: 48, flexibleSince: 1, askedBy: 'anyone' },
  AlterClientQuotas: { key: 49, flexibleSince: 1, askedBy: 'anyone' },
  DescribeUserScramCredentials: { key: 50, flexibleSince: 0, askedBy: 'anyone' },
  AlterUserScramCredentials: { key: 51, flexibleSince: 0, askedBy: 'anyone' },
  Vote: { key: 52, flexibleSince: 0, askedBy: 'peer' },
  BeginQuorumEpoch: { key: 53, flexibleSince: 1, askedBy: 'peer' },
  EndQuorumEpoch: { key: 54, flexibleSince: 1, askedBy: 'peer' },
  DescribeQuorum: { key: 55, flexibleSince: 0, askedBy: 'anyone' },
  AlterPartition: { key: 56, flexibleSince: 0, askedBy: 'peer' },
  UpdateFeatures: { key: 57, flexibleSince: 0, askedBy: 'anyone' },
  Envelope: { key: 58, flexibleSince: 0, askedBy: 'peer' },
  FetchSnapshot: { key: 59, flexibleSince: 0, askedBy: 'peer' },
  DescribeCluster: { key: 60, flexibleSince: 0, askedBy: 'anyone' },
  DescribeProducers: { key: 61, flexibleSince: 0, askedBy: 'anyone' },
  BrokerRegistration: { key: 62, flexibleSince: 0, askedBy: 'peer' },
  BrokerHeartbeat: { key: 63, flexibleSince: 0, askedBy: 'peer' },
  UnregisterBroker: { key: 64, flexibleSince: 0, askedBy: 'anyone' },
  DescribeTransactions: { key: 65, flexibleSince: 0, askedBy: 'anyone' },
  ListTransactions: { key: 66, flexibleSince: 0, askedBy: 'anyone' },
  AllocateProducerIds: { key: 67, flexibleSince: 0, askedBy: 'peer' },
  ConsumerGroupHeartbeat: { key: 68, flexibleSince: 0, askedBy: 'anyone' },
  ConsumerGroupDescribe: { key: 69, flexibleSince: 0, askedBy: 'anyone' },
  ControllerRegistration: { key: 70, flexibleSince: 0, askedBy: 'peer' },
  GetTelemetrySubscriptions: { key: 71, flexibleSince: 0, askedBy: 'anyone' },
  PushTelemetry: { key: 72, flexibleSince: 0, askedBy: 'anyone' },
  AssignReplicasToDirs: { key: 73, flexibleSince: 0, askedBy: 'peer' },
  ListConfigResources: { key: 74, flexibleSince: 0, askedBy: 'anyone' },
  DescribeTopicPartitions: { key: 75, flexibleSince: 0, askedBy: 'anyone' },
  ShareGroupHeartbeat: { key: 76, flexibleSince: 0, askedBy: 'anyone' },
  ShareGroupDescribe: { key: 77, flexibleSince: 0, askedBy: 'anyone' },
  ShareFetch: { key: 78, flexibleSince: 0, askedBy: 'anyone' },
  ShareAcknowledge: { key: 79, flexibleSince: 0, askedBy: 'anyone' },
  AddRaftVoter: { key: 80, flexibleSince: 0, askedBy: 'anyone' },
  RemoveRaftVoter: { key: 81, flexibleSince: 0, askedBy: 'anyone' },
  UpdateRaftVoter: { key: 82, flexibleSince: 0, askedBy: 'peer' },
  InitializeShareGroupState: { key: 83, flexibleSince: 0, askedBy: 'peer' },
  ReadShareGroupState: { key: 84, flexibleSince: 0, askedBy: 'peer' },
  WriteShareGroupState: { key: 85, flexibleSince: 0, askedBy: 'peer' },
  DeleteShareGroupState: { key: 86, flexibleSince: 0, askedBy: 'peer' },
  ReadShareGroupStateSummary: { key: 87, flexibleSince: 0, askedBy: 'peer' },
  StreamsGroupHeartbeat: { key: 88, flexibleSince: 0, askedBy: 'anyone' },
  StreamsGroupDescribe: { key: 89, flexibleSince: 0, askedBy: 'anyone' },
  DescribeShareGroupOffsets: { key: 90, flexibleSince: 0, askedBy: 'anyone' },
  AlterShareGroupOffsets: { key: 91, flexibleSince: 0, askedBy: 'anyone' },
  DeleteShareGroupOffsets: { key: 92, flexibleSince: 0, askedBy: 'anyone' },
  StreamsGroupTopologyDescriptionUpdate: { key: 93, flexibleSince: 0, askedBy: 'anyone' },
  UnregisterController: { key: 94, flexibleSince: 0, askedBy: 'anyone' },
} as const satisfies Record<string, ApiRow>

export type ApiName = keyof typeof table

/** By Kafka's name of the API. */
export const apiKeys: { readonly [N in ApiName]: ApiRow } = table

const byKey = new Map<number, ApiName>()
for (const name of Object.keys(table) as ApiName[]) byKey.set(table[name].key, name)

/** Undefined for a key that Kafka does not know. */
export function apiNameOf(key: number): ApiName | undefined {
  return byKey.get(key)
}

/** Whether a request of this key and version is flexible; false for a key that is unknown. */
export function isFlexible(key: number, version: number): boolean {
  const name = byKey.get(key)
  return name !== undefined && version >= table[name].flexibleSince
}
