// What the operating system says about sockets, in the words of NetworkError.

import { NetworkError, type NetworkErrorCode } from '../env/index.ts'

const codes: ReadonlyMap<string, NetworkErrorCode> = new Map([
  ['EADDRINUSE', 'addressInUse'],
  ['ECONNREFUSED', 'refused'],
  // The path of a unix socket that nobody has made.
  ['ENOENT', 'refused'],
  ['EACCES', 'permission'],
  ['EPERM', 'permission'],
  ['ETIMEDOUT', 'timeout'],
  ['ECONNRESET', 'closed'],
  ['ECONNABORTED', 'closed'],
  ['EPIPE', 'closed'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['EADDRNOTAVAIL', 'unreachable'],
  ['ENOTFOUND', 'unreachable'],
  ['EAI_AGAIN', 'unreachable'],
  // What OpenSSL says when the other side does not speak TLS, or wants a certificate of ours.
  ['EPROTO', 'tls'],
  // A path too long for a unix socket, or a malformed address.
  ['EINVAL', 'unreachable'],
])

/** `attempt` is what was being done, on what: "connecting to 127.0.0.1:9092". */
export function networkError(
  error: unknown,
  attempt: string,
  otherwise: NetworkErrorCode,
): NetworkError {
  if (error instanceof NetworkError) return error
  const code = systemCode(error)
  const text = error instanceof Error ? error.message : `${error}`
  const kind = kindOf(code) ?? otherwise
  return new NetworkError(kind, `${attempt}: ${text || code}`, { cause: error })
}

/** What X.509 verification says has no common name: CERT_HAS_EXPIRED, UNABLE_TO_GET_ISSUER_CERT. */
const certificateCodes = /CERT|^ERR_(?:SSL|TLS)_|^HOSTNAME_MISMATCH$|^INVALID_(?:CA|PURPOSE)$/

function kindOf(code: string | undefined): NetworkErrorCode | undefined {
  if (code === undefined) return undefined
  return codes.get(code) ?? (certificateCodes.test(code) ? 'tls' : undefined)
}

/** `ECONNREFUSED` and the like; undefined when the error is none of the system's. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
