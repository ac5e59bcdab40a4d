// What the active controller needs to know besides the metadata.

export interface ControllerOptions {
  readonly clusterId: string
  /** A broker not heard of for so long is fenced. Kafka's broker.session.timeout.ms. */
  readonly sessionTimeoutMs: number
  /** The values the brokers were started with, by broker config name, where not the default. */
  readonly staticConfigs: ReadonlyMap<string, string>
  /** Producer ids handed out at once. */
  readonly producerIdBlockSize: number
  /** Records of one decision at most; keeps a raft entry within what the quorum carries. */
  readonly maxRecordsPerOperation: number
  /** Partitions of one topic at most. */
  readonly maxPartitionsPerTopic: number
}

export const defaultControllerOptions = {
  sessionTimeoutMs: 9_000,
  staticConfigs: new Map<string, string>(),
  producerIdBlockSize: 1_000,
  maxRecordsPerOperation: 20_000,
  maxPartitionsPerTopic: 10_000,
} as const satisfies Omit<ControllerOptions, 'clusterId'>

/** Who led the quorum before the new active controller. */
export interface Predecessor {
  readonly brokerId: number
  /** When it was last heard of, monotonic; -Infinity: its process is known to have ended. */
  readonly heardMs: number
}
