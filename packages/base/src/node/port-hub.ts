// The meeting point of a PortNetwork, in the thread that starts the others. It knows who listens
// and hands out pairs of MessagePorts; the bytes then go from thread to thread without it.

import { MessageChannel, type MessagePort } from 'node:worker_threads'

/** What a thread asks of the hub. Each request is answered once, under its number. */
export type HubRequest =
  | { readonly kind: 'listen'; readonly request: number; readonly brokerId: number }
  | { readonly kind: 'unlisten'; readonly request: number; readonly brokerId: number }
  | { readonly kind: 'connect'; readonly request: number; readonly brokerId: number }

/** What the hub says: answers, and connections that somebody makes. */
export type HubMessage =
  | { readonly kind: 'done'; readonly request: number }
  | { readonly kind: 'refused'; readonly request: number }
  | { readonly kind: 'connected'; readonly request: number; readonly port: MessagePort }
  | {
      readonly kind: 'accept'
      readonly brokerId: number
      readonly port: MessagePort
      readonly from: string
    }

interface Party {
  readonly name: string
  readonly control: MessagePort
}

export class PortHub {
  readonly #parties = new Map<string, Party>()
  readonly #listening = new Map<number, Party>()

  /**
   * A port for a party, to be handed to `PortNetwork` in whatever thread it lives. Attaching a name
   * again (a broker that was restarted) shuts out whoever had it.
   */
  attach(name: string): MessagePort {
    const { port1: control, port2: theirs } = new MessageChannel()
    const party = { name, control }
    this.#parties.get(name)?.control.close()
    this.#parties.set(name, party)
    control.on('message', (request: HubRequest) => this.#onRequest(party, request))
    control.on('close', () => this.#forget(party))
    // The hub alone keeps no process alive.
    control.unref()
    return theirs
  }

  /** Nobody connects through this hub any more. Streams that are open stay open. */
  close(): void {
    for (const party of this.#parties.values()) party.control.close()
  }

  #onRequest(party: Party, { kind, request, brokerId }: HubRequest): void {
    switch (kind) {
      case 'listen':
        this.#answer(party, { kind: this.#listen(party, brokerId) ? 'done' : 'refused', request })
        return
      case 'unlisten':
        if (this.#listening.get(brokerId) === party) this.#listening.delete(brokerId)
        this.#answer(party, { kind: 'done', request })
        return
      case 'connect':
        this.#connect(party, request, brokerId)
        return
    }
  }

  #listen(party: Party, brokerId: number): boolean {
    if (this.#listening.has(brokerId)) return false
    this.#listening.set(brokerId, party)
    return true
  }

  #connect(party: Party, request: number, brokerId: number): void {
    const listener = this.#listening.get(brokerId)
    if (listener === undefined) {
      this.#answer(party, { kind: 'refused', request })
      return
    }
    // If either thread is dead already, its port closes, and the other side hears of it.
    const { port1, port2 } = new MessageChannel()
    const accept: HubMessage = { kind: 'accept', brokerId, port: port1, from: party.name }
    listener.control.postMessage(accept, [port1])
    const connected: HubMessage = { kind: 'connected', request, port: port2 }
    party.control.postMessage(connected, [port2])
  }

  #answer(party: Party, message: HubMessage): void {
    party.control.postMessage(message)
  }

  #forget(party: Party): void {
    for (const [brokerId, listener] of this.#listening) {
      if (listener === party) this.#listening.delete(brokerId)
    }
    if (this.#parties.get(party.name) === party) this.#parties.delete(party.name)
  }
}
