// @klamm/broker: everything a broker is.

export { Broker, openBroker } from './broker.ts'
export type { BrokerOptions } from './broker-options.ts'
export { openLmdbEngine } from './storage/lmdb-engine.ts'
export { MemoryEngine } from './storage/memory-engine.ts'
export { openSegmentStore } from './storage/segment-store.ts'
