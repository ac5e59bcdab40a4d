// Entry point of a node's worker thread: what a node is made of is compiled once, not in every
// thread at every start. A static import would be loaded before the cache is there.

import { enableCompileCache } from 'node:module'

enableCompileCache()
await import('./run-node.ts')
