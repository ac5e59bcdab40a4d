// Bounds on what the core of the client holds and waits for, each with its reason.

/** Requests of one connection that wait to be written. Producers and consumers need a handful. */
export const maxQueuedRequests = 10_000

/**
 * How long one candidate is waited for before the next is tried beside it, in ms: a bootstrap
 * address that swallows packets must not cost the whole connection time-out.
 */
export const nextCandidateMs = 1_000

/** Longest answer, without its length prefix: a Fetch may bring 50 MiB and one batch beyond it. */
export const maxResponseBytes = 256 * 1024 * 1024

/** How long a topic that nobody may create is waited for: brokers learn of a new one one by one. */
export const unknownTopicMs = 2_000
