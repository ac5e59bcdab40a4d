// The deterministic Env: virtual time, simulated network and disk. See world.ts.

export { SimClock, wallStartMs } from './clock.ts'
export { type DiskImage, type DiskOptions, defaultDisk, SimDisk, type StoredPut } from './disk.ts'
export { defaultLink, type LinkOptions, type Plane } from './links.ts'
export { type LogLevel, SimLogger } from './logger.ts'
export { type CrashKind, SimNetwork, type SimNetworkOptions } from './network.ts'
export { Scheduler } from './scheduler.ts'
export { SimStorage } from './storage.ts'
export { Trace, type TraceOptions } from './trace.ts'
export { SimNode, SimWorld, type SimWorldOptions } from './world.ts'
