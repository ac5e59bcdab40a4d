// Reads what the coordinator wants to know of a consumer's opaque subscription: its topics. They
// are the first field in all versions of the format (ConsumerProtocolSubscription).

/** The protocol type of Kafka's consumers; the subscriptions of others mean nothing here. */
export const consumerProtocolType = 'consumer'

/** Undefined when the bytes are not a subscription: clients may put anything there. */
export function subscribedTopics(metadata: Uint8Array): readonly string[] | undefined {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength)
  if (view.byteLength < 6) return undefined
  const count = view.getInt32(2)
  // Each topic takes two bytes at least, which bounds what a made-up count can cost.
  if (count < 0 || count > (view.byteLength - 6) / 2) return undefined
  const topics: string[] = []
  let at = 6
  for (let i = 0; i < count; i++) {
    if (at + 2 > view.byteLength) return undefined
    const length = view.getInt16(at)
    at += 2
    if (length < 0 || at + length > view.byteLength) return undefined
    topics.push(asciiText(metadata.subarray(at, at + length)))
    at += length
  }
  return topics
}

/** Topic names are ASCII; other bytes give a name that no topic has, which is as good. */
function asciiText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
