import { fromHex, seededRandom, toHex } from '@klamm/base'
import { describe, expect, test } from 'vitest'
import {
  decodeEntry,
  decodeHardState,
  decodePacket,
  decodePosition,
  decodeSnapshot,
  encodeEntry,
  encodeHardState,
  encodePacket,
  encodePosition,
  encodeSnapshot,
  RaftDecodeError,
} from './codec.ts'
import type { Packet } from './message.ts'
import { testVoter } from './testing/ids.ts'
import { randomPacket } from './testing/random-packet.ts'
import type { Entry } from './types.ts'

const voter1 = '9201c410' + '01000000000000000000000000000001'
const voter2 = '9202c410' + '02000000000000000000000000000001'

describe('packets have the bytes written here by hand', () => {
  const from = testVoter(1)
  const to = testVoter(2)
  const cases: readonly { readonly packet: Packet; readonly hex: string }[] = [
    {
      packet: {
        from,
        to,
        message: { kind: 'vote', term: 7, lastIndex: 300, lastTerm: 6, transfer: false },
      },
      hex: `9801 03 ${voter1} ${voter2} 07 cd012c 06 c2`,
    },
    {
      packet: {
        from,
        to,
        message: {
          kind: 'append',
          term: 2,
          prevIndex: 1,
          prevTerm: 1,
          commit: 1,
          entries: [
            { kind: 'normal', term: 1, index: 2, data: new Uint8Array([0xaa, 0xbb]) },
            { kind: 'config', term: 2, index: 3, configuration: { voters: [from] } },
            { kind: 'noop', term: 2, index: 4 },
          ],
        },
      },
      hex:
        `9901 05 ${voter1} ${voter2} 02 01 01 01` +
        `93 94000102c402aabb 94010203 91${voter1} 94020204c0`,
    },
    {
      packet: { from, to, message: { kind: 'observeResponse', term: 2, leader: undefined } },
      hex: `9601 0e ${voter1} ${voter2} 02 c0`,
    },
  ]
  for (const { hex, packet } of cases) {
    test(packet.message.kind, () => {
      const bytes = fromHex(hex.replaceAll(' ', ''))
      expect(toHex(encodePacket(packet))).toBe(toHex(bytes))
      expect(decodePacket(bytes)).toEqual(packet)
    })
  }
})

test('every packet comes back as it was', () => {
  const random = seededRandom('packets')
  for (let i = 0; i < 2000; i++) {
    const packet = randomPacket(random)
    expect(decodePacket(encodePacket(packet))).toEqual(packet)
  }
})

test('large numbers come back as they were', () => {
  const message = { kind: 'heartbeat', term: 2 ** 33, commit: 2 ** 53 - 1, round: 65_536 } as const
  const packet = { from: testVoter(1), to: testVoter(2), message }
  expect(decodePacket(encodePacket(packet))).toEqual(packet)
})

test('stored values come back as they were', () => {
  const position = { term: 3, index: 12 }
  const entry: Entry = { ...position, kind: 'normal', data: new Uint8Array([1, 2, 3]) }
  const configuration = { voters: [testVoter(1), testVoter(2, 1)] }
  const snapshot = { ...position, configuration, data: new Uint8Array(300) }
  const hardState = { term: 5, votedFor: testVoter(2) }
  expect(decodePosition(encodePosition(position))).toEqual(position)
  expect(decodeEntry(encodeEntry(entry))).toEqual(entry)
  expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot)
  expect(decodeHardState(encodeHardState(hardState))).toEqual(hardState)
  const unvoted = { term: 5, votedFor: undefined }
  expect(decodeHardState(encodeHardState(unvoted))).toEqual(unvoted)
})

test('decoded bytes are plain arrays of their own, not views of the packet', () => {
  const entry: Entry = { kind: 'normal', term: 1, index: 1, data: new Uint8Array([7]) }
  const encoded = encodeEntry(entry)
  const decoded = decodeEntry(encoded)
  encoded.fill(0)
  expect(decoded).toEqual(entry)
  expect(decoded.kind === 'normal' && decoded.data.constructor).toBe(Uint8Array)
})

describe('bytes that are no packet are refused with a RaftDecodeError:', () => {
  const packet = randomPacket(seededRandom('refused'))
  const encoded = encodePacket(packet)

  test('a packet cut at any byte', () => {
    for (let length = 0; length < encoded.length; length++) {
      expect(() => decodePacket(encoded.subarray(0, length))).toThrow(RaftDecodeError)
    }
  })

  test('a packet with a byte too many', () => {
    const longer = new Uint8Array(encoded.length + 1)
    longer.set(encoded)
    expect(() => decodePacket(longer)).toThrow(RaftDecodeError)
  })

  test('a packet above the limit', () => {
    expect(() => decodePacket(encoded, encoded.length - 1)).toThrow(RaftDecodeError)
  })

  const refused = [
    { name: 'another version', hex: `9602 0e ${voter1} ${voter2} 02 c0` },
    { name: 'an unknown kind', hex: `9601 7f ${voter1} ${voter2} 02 c0` },
    { name: 'a missing field', hex: `9501 0e ${voter1} ${voter2} 02` },
    { name: 'a negative term', hex: `9601 0e ${voter1} ${voter2} ff c0` },
    {
      name: 'a term that is no whole number',
      hex: `9601 0e ${voter1} ${voter2} cb3ff8000000000000 c0`,
    },
    { name: 'a short directory id', hex: `9601 0e 9201c40101 ${voter2} 02 c0` },
    { name: 'a map', hex: '81 a95f5f70726f746f5f5f 01' },
    { name: 'a string', hex: 'a161' },
    { name: 'an extension', hex: 'd47200' },
    { name: 'an array of four billion', hex: 'ddffffffff' },
    { name: 'a byte string of four billion', hex: 'c6ffffffff' },
    { name: 'nothing', hex: '' },
  ]
  for (const { hex, name } of refused) {
    test(name, () => {
      expect(() => decodePacket(fromHex(hex.replaceAll(' ', '')))).toThrow(RaftDecodeError)
    })
  }

  test('arrays nested a hundred thousand deep', () => {
    expect(() => decodePacket(new Uint8Array(100_000).fill(0x91))).toThrow(RaftDecodeError)
  })

  test('packets with changed bytes, unless they are packets still', () => {
    const random = seededRandom('mutations')
    let refusedCount = 0
    for (let i = 0; i < 5000; i++) {
      const bytes = encodePacket(randomPacket(random)).slice()
      for (let flips = 0; flips <= random.below(3); flips++) {
        bytes[random.below(bytes.length)] = random.u32() & 0xff
      }
      try {
        encodePacket(decodePacket(bytes))
      } catch (error) {
        expect(error).toBeInstanceOf(RaftDecodeError)
        refusedCount += 1
      }
    }
    expect(refusedCount).toBeGreaterThan(500)
  })

  test('random bytes', () => {
    const random = seededRandom('noise')
    for (let i = 0; i < 5000; i++) {
      const bytes = random.bytes(random.below(40))
      expect(() => decodePacket(bytes)).toThrow(RaftDecodeError)
      expect(() => decodeSnapshot(bytes)).toThrow(RaftDecodeError)
    }
  })
})
