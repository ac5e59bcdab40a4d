#!/usr/bin/env node
// The klamm command. One file per command in commands/.

import { enableCompileCache } from 'node:module'

// Before anything else is loaded: a start from source is three times faster with it.
enableCompileCache()
// LMDB flushes, file deletion and compression share this pool; read at the pool's first use.
process.env.UV_THREADPOOL_SIZE ??= '16'

const { run } = await import('./run.ts')
process.exitCode = await run(process.argv.slice(2))
