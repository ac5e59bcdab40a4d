// Headers by hand: which version applies is decided by key and version alone.

import { expect, test } from 'vitest'
import { ApiVersions } from './apis/api-versions.ts'
import { Heartbeat } from './apis/heartbeat.ts'
import { OffsetDelete } from './apis/offset-delete.ts'
import { DecodeError } from './decode-error.ts'
import { decodeResponse, encodeRequest, encodeResponse } from './frame.ts'
import { peekRequestHeader, requestHeaderVersion, responseHeaderVersion } from './header.ts'
import { bytesOf, hexOf } from './testing/golden.ts'

const heartbeat = { groupId: 'g', generationId: 7, memberId: 'm', groupInstanceId: null }
const hex = (golden: string) => hexOf([bytesOf(golden)])

test('a request of a version that is not flexible has header v1', () => {
  const golden = '00000016 000c 0000 0000002a 0002 "me" 0001 "g" 00000007 0001 "m"'
  expect(hexOf(encodeRequest(Heartbeat, 0, 42, 'me', heartbeat))).toBe(hex(golden))
})

test('a flexible request has header v2: the client id with a 16-bit length, then tags', () => {
  const golden = '00000017 000c 0004 0000002a 0002 "me" 00 02 "g" 00000007 02 "m" 00 00'
  expect(hexOf(encodeRequest(Heartbeat, 4, 42, 'me', heartbeat))).toBe(hex(golden))
})

test('a request without client id says so by length -1', () => {
  const golden = '00000014 000c 0000 0000002a ffff 0001 "g" 00000007 0001 "m"'
  expect(hexOf(encodeRequest(Heartbeat, 0, 42, null, heartbeat))).toBe(hex(golden))
})

test('the header of a request is read up to its body', () => {
  expect(peekRequestHeader(bytesOf('000c 0004 0000002a 0002 "me" 00 02 "g"'))).toEqual({
    apiKey: 12,
    apiVersion: 4,
    correlationId: 42,
    clientId: 'me',
    bodyOffset: 13,
  })
  // Tagged fields of the header are from the future: tag 5 with two bytes.
  expect(peekRequestHeader(bytesOf('000c 0004 0000002a ffff 01 05 02 abcd')).bodyOffset).toBe(15)
  expect(peekRequestHeader(bytesOf('000c 0003 ffffffff ffff')).correlationId).toBe(-1)
})

test('a header cut at any byte is a DecodeError', () => {
  const whole = bytesOf('000c 0004 0000002a 0002 "me" 01 05 02 abcd')
  for (let length = 0; length < whole.byteLength; length++) {
    expect(() => peekRequestHeader(whole.slice(0, length)), `${length}`).toThrow(DecodeError)
  }
})

test('a client id of an impossible length is a DecodeError', () => {
  expect(() => peekRequestHeader(bytesOf('000c 0000 00000001 fffe'))).toThrow(DecodeError)
})

test('the header of an API that is not served, or not known, can be read', () => {
  // WriteTxnMarkers is flexible from 1 on.
  expect(requestHeaderVersion(27, 1)).toBe(2)
  expect(requestHeaderVersion(12_345, 9)).toBe(1)
  expect(requestHeaderVersion(-1, 0)).toBe(1)
})

test('ControlledShutdown v0 alone has no client id', () => {
  expect(requestHeaderVersion(7, 0)).toBe(0)
  expect(peekRequestHeader(bytesOf('0007 0000 00000005 00000001'))).toEqual({
    apiKey: 7,
    apiVersion: 0,
    correlationId: 5,
    clientId: null,
    bodyOffset: 8,
  })
})

test('a response of a flexible version has header v1, with a tagged section', () => {
  const body = { throttleTimeMs: 9, errorCode: 0 }
  expect(hexOf(encodeResponse(Heartbeat, 4, 42, body))).toBe(
    hex('0000000c 0000002a 00 00000009 0000 00'),
  )
  expect(hexOf(encodeResponse(Heartbeat, 3, 42, body))).toBe(hex('0000000a 0000002a 00000009 0000'))
  expect(responseHeaderVersion(OffsetDelete, 0)).toBe(0)
  const future = bytesOf('0000002a 01 07 01 ff 00000009 0000 00')
  expect(decodeResponse(Heartbeat, 4, future)).toEqual({ correlationId: 42, body })
})

test('a response to ApiVersions has header v0 in every version', () => {
  const body = {
    errorCode: 0,
    apiKeys: [],
    throttleTimeMs: 0,
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: false,
  }
  for (let version = 3; version <= 5; version++) {
    expect(hexOf(encodeResponse(ApiVersions, version, 42, body))).toBe(
      hex('0000000c 0000002a 0000 01 00000000 00'),
    )
  }
})
