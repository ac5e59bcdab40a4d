// Topics that come into being when they are first asked for.

export interface TopicsOnDemand {
  /**
   * Has the controller create the topic if it does not exist yet: an internal one with its own
   * partition count, replication and configuration, any other as `num.partitions` and
   * `default.replication.factor` say. Returns at once; whoever needs the topic asks again.
   */
  ensure(name: string): void
}
