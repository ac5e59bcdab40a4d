// Topics that the broker itself needs and that come into being when they are first asked for.

export interface InternalTopics {
  /**
   * Has the controller create the internal topic, with its own partition count, replication and
   * configuration, if it does not exist yet. Returns at once; whoever needs the topic asks again.
   */
  ensure(name: string): void
}
