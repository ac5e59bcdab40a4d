// Every bound of the broker, with its unit and its reason. Nothing that a peer or a client sends
// makes a queue, a buffer or a wait grow past one of these.

/** Largest frame taken from a client, as Kafka's socket.request.max.bytes. */
export const maxFrameBytes = 100 * 1024 * 1024

/** Largest frame between brokers: a fetch response of many partitions with large batches. */
export const maxPeerFrameBytes = 256 * 1024 * 1024

/** Requests of one connection that may be in progress; more, and its socket is not read. */
export const maxRequestsInFlightPerConnection = 128

/** Bytes of requests of one connection that may be in progress before its socket is paused. */
export const maxRequestBytesInFlightPerConnection = 64 * 1024 * 1024

/**
 * Between brokers the sender bounds the number of requests, see `maxPeerRequestsInFlight`: raft
 * messages come over the same connection, and requests may wait for just those. The bytes are
 * bounded here.
 */
export const maxPeerRequestBytesInFlight = 512 * 1024 * 1024

/**
 * Response bytes that may wait for one slow reader, or behind a request that is not answered yet;
 * more, and its requests are not read until it has taken what it asked for.
 */
export const maxResponseBytesQueuedPerConnection = 32 * 1024 * 1024

/** Connections that may be open at once on the client listeners of one broker. */
export const maxConnections = 20_000

/** Requests waiting for an answer from one other broker. */
export const maxPeerRequestsInFlight = 10_000

/** Bytes that may wait to be sent to one other broker; more are lost, as with its connection. */
export const maxPeerBytesQueued = 256 * 1024 * 1024

/** How long connecting to another broker may take, in ms. */
export const peerConnectTimeoutMs = 3_000

/**
 * Bytes appended and not yet durable, over all logs of a broker, above which clients' appends are
 * refused; the store takes twice as much, for what followers and coordinators append meanwhile.
 */
export const maxBytesWaitingForDisk = 256 * 1024 * 1024

/** Fetch sessions kept per broker, as Kafka's max.incremental.fetch.session.cache.slots. */
export const maxFetchSessions = 1_000

/** Largest answer to one Fetch request, whatever the client asks for, in bytes. */
export const maxFetchResponseBytes = 55 * 1024 * 1024

/** Bytes asked for by a follower from one leader in one request, and from one partition. */
export const replicaFetchMaxBytes = 10 * 1024 * 1024
export const replicaFetchMaxBytesPerPartition = 1024 * 1024
