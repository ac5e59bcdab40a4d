// The world as Node has it: sockets, TLS, real time. The only file here that imports it.

export type { LogLevel } from '@klamm/base/node'

/** What `tls.connect` takes. */
export interface TlsOptions {
  readonly ca?: string
}
