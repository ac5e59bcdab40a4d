// A thread for the tests of the port network: listens as a broker and sends everything back.

import { type MessagePort, workerData } from 'node:worker_threads'
import { PortNetwork } from '../node/port-network.ts'

export interface EchoWorkerData {
  readonly control: MessagePort
  readonly brokerId: number
}

const { control, brokerId } = workerData as EchoWorkerData
const network = new PortNetwork(control)
await network.listen({ kind: 'peer', brokerId }, stream => {
  stream.handle({
    onData: chunk => {
      if (chunk.length === 1 && chunk[0] === 0) process.exit(7)
      stream.write([chunk])
    },
    onClose() {},
  })
})
