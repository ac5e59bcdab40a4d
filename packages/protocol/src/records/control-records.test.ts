import { fromHex } from '@klamm/base'
import { expect, test } from 'vitest'
import { BatchBuilder } from './batch-builder.ts'
import { isControlBatch, isTransactionalBatch, readBatchHeader } from './batch-header.ts'
import { readBatches } from './batch-view.ts'
import { endTransactionMarkerOf, markerBatch, readMarker } from './control-records.ts'
import { errorNameOf } from './testing/error-name.ts'
import { commitMarker } from './testing/golden.ts'

const marker = {
  isCommit: true,
  coordinatorEpoch: 9,
  producerId: 7,
  producerEpoch: 2,
  timestamp: 2000,
  baseOffset: 40,
  partitionLeaderEpoch: 1,
}

test('a commit marker has the bytes of the format, an abort marker one bit less', () => {
  expect(Uint8Array.from(markerBatch(marker))).toEqual(commitMarker)
  const abort = markerBatch({ ...marker, isCommit: false })
  expect(abort.subarray(61)[8]).toBe(0)
  expect(readMarker(abort, readBatchHeader(abort))).toEqual({
    isCommit: false,
    coordinatorEpoch: 9,
  })
})

test('a marker is read back from its batch, which says that it is control and transactional', () => {
  const [header] = readBatches(commitMarker)
  if (header === undefined) throw new Error('one batch')
  expect(isControlBatch(header) && isTransactionalBatch(header)).toBe(true)
  expect(readMarker(commitMarker, header)).toEqual({ isCommit: true, coordinatorEpoch: 9 })
})

test('control records of other kinds are told apart from markers', () => {
  expect(endTransactionMarkerOf(fromHex('00000002'), fromHex('0000'))).toBeUndefined()
})

test('later versions may be longer', () => {
  const longer = endTransactionMarkerOf(fromHex('0001 0001 05'), fromHex('0001 00000003 ffff'))
  expect(longer).toEqual({ isCommit: true, coordinatorEpoch: 3 })
})

test('control records that are too short are invalid', () => {
  expect(errorNameOf(() => endTransactionMarkerOf(null, null))).toBe('INVALID_RECORD')
  expect(errorNameOf(() => endTransactionMarkerOf(fromHex('0000'), null))).toBe('INVALID_RECORD')
  expect(errorNameOf(() => endTransactionMarkerOf(fromHex('00000001'), fromHex('000000')))).toBe(
    'INVALID_RECORD',
  )
  const builder = new BatchBuilder()
  builder.append({ key: null, value: null, timestamp: 1 })
  const batch = builder.build({ isControl: true })
  expect(errorNameOf(() => readMarker(batch, readBatchHeader(batch)))).toBe('INVALID_RECORD')
})
