// Opens the logs of brokers that have stopped and compares the copies of every partition.

import { join } from 'node:path'
import { assert } from '@klamm/base'
import { silentLogger } from '@klamm/base/env'
import { openLmdbEngine, openSegmentStore } from '@klamm/broker'

/** Throws when two copies differ where both have something: below the shorter end. */
export async function compareReplicas(
  dataDirectory: string,
  brokerIds: readonly number[],
): Promise<void> {
  const copies = new Map<string, { brokerId: number; bytes: Uint8Array }[]>()
  for (const brokerId of brokerIds) {
    const engine = openLmdbEngine({
      directory: join(dataDirectory, `broker-${brokerId}`),
      durability: 'fsync',
    })
    const store = await openSegmentStore(engine, {
      log: silentLogger,
      onFailure: error => {
        throw error
      },
    })
    for (const id of store.logIds()) {
      const log = store.log(id)
      const { chunks } = log.read(log.logStartOffset, 1 << 30, log.logEndOffset, true)
      const list = copies.get(id) ?? []
      list.push({ brokerId, bytes: Buffer.concat(chunks) })
      copies.set(id, list)
    }
    await store.close()
    await engine.close()
  }
  for (const [id, [first, ...others]] of copies) {
    assert(first !== undefined, 'a log has a copy')
    for (const other of others) {
      const length = Math.min(first.bytes.length, other.bytes.length)
      const isEqual =
        Buffer.compare(first.bytes.subarray(0, length), other.bytes.subarray(0, length)) === 0
      assert(isEqual, 'the copies of a partition are equal', () => {
        return `${id} on brokers ${first.brokerId} and ${other.brokerId}`
      })
    }
  }
}
