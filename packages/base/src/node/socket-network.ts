// TCP and unix sockets as a Network, with TLS on them when it is asked for.

import { unlinkSync } from 'node:fs'
import {
  createConnection,
  createServer,
  isIP,
  type NetConnectOpts,
  type Server,
  type Socket,
} from 'node:net'
import {
  createServer as createTlsServer,
  type ConnectionOptions as TlsConnectOptions,
  type TlsOptions as TlsListenOptions,
  connect as tlsConnect,
} from 'node:tls'
import {
  type Address,
  addressText,
  type ByteStream,
  type Listener,
  type Network,
  NetworkError,
} from '../env/index.ts'
import { networkError } from './socket-errors.ts'
import { highMarkBytes, SocketStream } from './socket-stream.ts'

/**
 * Also what Node goes on reading of a paused socket, beyond the chunk it has begun: thousands of
 * connections can be paused at once.
 */
const acceptedMarkBytes = 16 * 1024

export interface SocketNetworkOptions {
  /** How long `connect` waits for the other side, in ms; 10 s when left out. */
  readonly connectTimeoutMs?: number
  /** Connections the system holds ready before they are accepted; 511 when left out. */
  readonly backlog?: number
  /** Connections are made over TLS, with these options of `tls.connect`. */
  readonly tlsConnect?: TlsConnectOptions
  /** Listeners accept TLS only, with these options of `tls.createServer`. */
  readonly tlsListen?: TlsListenOptions
}

export type { TlsConnectOptions }

export class SocketNetwork implements Network {
  readonly #connectTimeoutMs: number
  readonly #backlog: number
  readonly #tlsConnect: TlsConnectOptions | undefined
  readonly #tlsListen: TlsListenOptions | undefined

  constructor(options: SocketNetworkOptions = {}) {
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 10_000
    this.#backlog = options.backlog ?? 511
    this.#tlsConnect = options.tlsConnect
    this.#tlsListen = options.tlsListen
  }

  async listen(address: Address, onStream: (stream: ByteStream) => void): Promise<Listener> {
    const open = (): Promise<Listener> =>
      listenOnce(address, { backlog: this.#backlog, tls: this.#tlsListen }, onStream)
    try {
      return await open()
    } catch (error) {
      const isTaken = error instanceof NetworkError && error.code === 'addressInUse'
      if (!isTaken || address.kind !== 'unix' || !(await this.#isStale(address))) throw error
      unlinkSync(address.path)
      return open()
    }
  }

  connect(address: Address, signal?: AbortSignal): Promise<ByteStream> {
    const { promise, resolve, reject } = Promise.withResolvers<ByteStream>()
    if (signal?.aborted === true) {
      reject(signal.reason)
      return promise
    }
    const text = addressText(address)
    const tls = this.#tlsConnect
    const socket =
      tls === undefined
        ? createConnection(connectOptions(address))
        : tlsConnect({ ...connectOptions(address), ...serverNameOf(address), ...tls })
    const ready = tls === undefined ? 'connect' : 'secureConnect'
    const settle = (): void => {
      clearTimeout(timeout)
      signal?.removeEventListener('abort', onAbort)
      socket.off('error', onError)
      socket.off('close', onClose)
      socket.off(ready, onConnect)
    }
    const fail = (error: unknown): void => {
      settle()
      // Errors of an attempt that is over have nobody to tell.
      socket.on('error', () => {})
      socket.destroy()
      reject(error)
    }
    const onAbort = (): void => fail(signal?.reason)
    const onError = (error: Error): void =>
      fail(networkError(error, `connecting to ${text}`, 'unreachable'))
    // Who has closed before TLS was agreed on may never say why.
    const onClose = (): void =>
      fail(new NetworkError('closed', `connecting to ${text}: the other side closed`))
    const onConnect = (): void => {
      settle()
      resolve(new SocketStream(socket, text))
    }
    const timeout = setTimeout(() => {
      fail(new NetworkError('timeout', `connecting to ${text}: nobody answered`))
    }, this.#connectTimeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.once('error', onError)
    socket.once('close', onClose)
    socket.once(ready, onConnect)
    return promise
  }

  /** A socket path left behind by a process that was killed: it exists and nobody answers. */
  async #isStale(address: Address): Promise<boolean> {
    try {
      const stream = await this.connect(address)
      stream.destroy()
      return false
    } catch (error) {
      return error instanceof NetworkError && error.code === 'refused'
    }
  }
}

function connectOptions(address: Address): NetConnectOpts {
  const marks = { writableHighWaterMark: highMarkBytes }
  switch (address.kind) {
    case 'tcp':
      return { ...marks, host: address.host, port: address.port, noDelay: true, keepAlive: true }
    case 'unix':
      return { ...marks, path: address.path }
    case 'peer':
      throw new NetworkError('unreachable', `no socket reaches ${addressText(address)}`)
  }
}

/** What certificate to ask for, and to expect; an address of IP cannot be asked for. */
function serverNameOf(address: Address): TlsConnectOptions {
  if (address.kind !== 'tcp' || isIP(address.host) !== 0) return {}
  return { servername: address.host }
}

function listenOnce(
  address: Address,
  { backlog, tls }: { readonly backlog: number; readonly tls: TlsListenOptions | undefined },
  onStream: (stream: ByteStream) => void,
): Promise<Listener> {
  const { promise, resolve, reject } = Promise.withResolvers<Listener>()
  if (address.kind === 'peer') {
    throw new NetworkError('unreachable', `no socket listens on ${addressText(address)}`)
  }
  const options = { noDelay: true, keepAlive: true, highWaterMark: acceptedMarkBytes }
  const server = tls === undefined ? createServer(options) : createTlsServer({ ...options, ...tls })
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    onStream(new SocketStream(socket, remoteOf(socket, address)))
  })
  server.once('error', (error: Error) => {
    reject(networkError(error, `listening on ${addressText(address)}`, 'unreachable'))
  })
  server.listen(
    address.kind === 'tcp'
      ? { host: address.host, port: address.port, backlog }
      : { path: address.path, backlog },
    () => {
      // A server that listens only has errors of single connections, such as too many open files.
      server.removeAllListeners('error')
      server.on('error', () => {})
      resolve({ address: boundAddress(server, address), close: () => closed(server) })
    },
  )
  return promise
}

function boundAddress(server: Server, asked: Address): Address {
  const bound = server.address()
  if (asked.kind !== 'tcp' || bound === null || typeof bound === 'string') return asked
  return { kind: 'tcp', host: asked.host, port: bound.port }
}

/** Node's own callback would wait for all connections to end, and those are not the listener's. */
function closed(server: Server): Promise<void> {
  if (server.listening) server.close()
  return new Promise(resolve => setImmediate(resolve))
}

function remoteOf(socket: Socket, listening: Address): string {
  if (listening.kind !== 'tcp') return addressText(listening)
  const { remoteAddress = 'unknown', remotePort = 0 } = socket
  return addressText({ kind: 'tcp', host: remoteAddress, port: remotePort })
}
