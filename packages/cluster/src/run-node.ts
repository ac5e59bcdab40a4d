// A node in its worker thread: opens it, says what becomes of it, stops it when it is told to.

import { parentPort, workerData } from 'node:worker_threads'
import { present } from '@klamm/base'
import { ConfigError } from '@klamm/base/env'
import { PortNetwork } from '@klamm/base/node'
import type { FromNode, NodeWorkerData, ToNode } from './control-messages.ts'
import { handOverMs, openNode } from './open-node.ts'

const parent = present(parentPort, 'a node runs in a worker thread')
const { options, peers, clients } = workerData as NodeWorkerData

function say(message: FromNode): void {
  parent.postMessage(message)
}

// A thread that is ended within a call into LMDB takes the whole process with it: the call throws
// into an engine that runs no more code, and Node aborts. Here the thread is in no such call.
parent.on('message', (message: ToNode) => {
  if (message.kind !== 'freeze') return
  say({ kind: 'frozen' })
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})

async function run(): Promise<void> {
  const networks = { peers: new PortNetwork(peers), clients: new PortNetwork(clients) }
  const broker = await openNode(options, networks, error => {
    say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  })
  const { address } = broker
  say({ kind: 'started', port: address.kind === 'tcp' ? address.port : 0 })
  broker.ready().then(
    () => say({ kind: 'ready' }),
    () => {
      // Stopped before; the parent knows.
    },
  )
  parent.on('message', (message: ToNode) => {
    if (message.kind !== 'stop') return
    broker
      .stop(handOverMs(message.how))
      .catch((error: unknown) => {
        say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
      })
      .finally(() => {
        say({ kind: 'stopped' })
        parent.close()
        void networks.peers[Symbol.asyncDispose]()
        void networks.clients[Symbol.asyncDispose]()
      })
  })
}

run().catch((error: unknown) => {
  say({
    kind: 'notStarted',
    message: error instanceof Error ? error.message : String(error),
    operator: error instanceof ConfigError,
  })
  parent.close()
})
