// Addresses as text, for logs, error messages and tables of listeners.

import { unreachable } from '../assert.ts'
import type { Address } from './network.ts'

/** `127.0.0.1:9092`, `[::1]:9092`, `unix:/run/klamm.sock` or `peer:2`. One text per address. */
export function addressText(address: Address): string {
  switch (address.kind) {
    case 'tcp':
      return address.host.includes(':')
        ? `[${address.host}]:${address.port}`
        : `${address.host}:${address.port}`
    case 'unix':
      return `unix:${address.path}`
    case 'peer':
      return `peer:${address.brokerId}`
    default:
      return unreachable(address)
  }
}
