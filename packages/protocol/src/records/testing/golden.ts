// Batches written byte by byte from the description of the format, for the tests of this folder.

import { fromHex } from '@klamm/base'

/**
 * Two records, not compressed: key "a" value "one" at 1000 ms, and at 1005 ms no key, value "two",
 * one header h=x. Offset 5, leader epoch 3, no producer.
 */
export const twoRecords = fromHex(
  [
    '0000000000000005', // base offset
    '0000004a', // length: 49 of header and 25 of records
    '00000003', // partition leader epoch
    '02', // magic
    'e9d3e04f', // CRC-32C of what follows
    '0000', // attributes
    '00000001', // last offset delta
    '00000000000003e8', // base timestamp
    '00000000000003ed', // max timestamp
    'ffffffffffffffff', // producer id
    'ffff', // producer epoch
    'ffffffff', // base sequence
    '00000002', // records
    // Record 0: 10 bytes; attributes, deltas 0 and 0, key of 1, value of 3, no headers.
    '14' + '00' + '00' + '00' + '0261' + '066f6e65' + '00',
    // Record 1: 13 bytes; deltas 5 ms and 1, no key, value of 3, one header.
    '1a' + '00' + '0a' + '02' + '01' + '0674776f' + '02' + '0268' + '0278',
  ].join(''),
)

/** The commit marker of producer 7, epoch 2, by coordinator epoch 9, at offset 40. */
export const commitMarker = fromHex(
  [
    '0000000000000028',
    '00000042',
    '00000001',
    '02',
    '8dae94b4',
    '0030', // transactional, control
    '00000000',
    '00000000000007d0',
    '00000000000007d0',
    '0000000000000007',
    '0002',
    'ffffffff',
    '00000001',
    // 16 bytes: key version 0 type 1, value version 0 and the coordinator epoch.
    '20' + '00' + '00' + '00' + '0800000001' + '0c000000000009' + '00',
  ].join(''),
)
