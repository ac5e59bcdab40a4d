// Every bound of the broker, with its unit and its reason. Nothing that a peer or a client sends
// makes a queue, a buffer or a wait grow past one of these.

/** Largest frame taken from a client, as Kafka's socket.request.max.bytes. */
export const maxFrameBytes = 100 * 1024 * 1024

/** Largest frame between brokers: a fetch response of many partitions with large batches. */
export const maxPeerFrameBytes = 256 * 1024 * 1024

/** Requests of one connection that may be in progress; more, and its socket is not read. */
export const maxRequestsInFlightPerConnection = 128

/**
 * Bytes of requests over all connections of clients of one broker, received or in progress; more,
 * and connections with large ones are not read. Used when queued.max.request.bytes is not set.
 */
export const maxClientRequestBytes = 256 * 1024 * 1024

/**
 * Bytes of requests that a connection may hold although all memory for requests is used up: most
 * requests are smaller, and those never wait for large ones.
 */
export const freeRequestBytesPerConnection = 64 * 1024

/**
 * Bytes of answers read for clients and not taken by them yet, over all connections of one broker;
 * beyond this a fetch gets one batch, beyond twice as much it waits.
 */
export const maxClientAnswerBytes = 256 * 1024 * 1024

/** Bytes of clients' requests that one broker has sent to the controller and not got answers to. */
export const maxForwardedBytes = 64 * 1024 * 1024

/** Bytes of requests of one connection that may be in progress before its socket is paused. */
export const maxRequestBytesInFlightPerConnection = 64 * 1024 * 1024

/**
 * Between brokers the sender bounds the number of requests, see `maxPeerRequestsInFlight`, and what
 * is large among them, see `maxForwardedBytes`: raft messages come over the same connection, and
 * requests may wait for just those. Here is a bound for senders that do not.
 */
export const maxPeerRequestBytesInFlight = 256 * 1024 * 1024

/**
 * Response bytes that may wait for one slow reader, or behind a request that is not answered yet;
 * more, and its requests are not read until it has taken what it asked for.
 */
export const maxResponseBytesQueuedPerConnection = 32 * 1024 * 1024

/**
 * Connections that may be open at once on the client listeners of one broker, whatever
 * max.connections allows: each takes some memory although it does nothing.
 */
export const maxConnections = 20_000

/** How long a new connection of a client may take to send its first request, in ms. */
export const firstRequestTimeoutMs = 30_000

/**
 * How long a client may leave its answers untaken while others want the memory, in ms. A consumer
 * that is busy for longer than that connects again.
 */
export const stalledReaderMs = 10_000

/** Requests waiting for an answer from one other broker. */
export const maxPeerRequestsInFlight = 10_000

/** Bytes that may wait to be sent to one other broker; more are lost, as with its connection. */
export const maxPeerBytesQueued = 256 * 1024 * 1024

/**
 * After how long without a byte from a broker that owes one it is asked whether it is there, and
 * after how long it is taken for dead, in ms. A line that is cut says nothing for minutes.
 */
export const peerSilenceMs = 3_000
export const peerDeadMs = 10_000

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
