// What every Network promises, as tests: sockets, MessagePorts, the in-process and the simulated
// network run the same ones.

import { afterEach, describe, expect, test } from 'vitest'
import { present } from '../assert.ts'
import type { Address, ByteStream, Listener, Network } from '../env/network.ts'

/** A network with two parties, for one test. */
export interface NetworkHarness {
  /** Where the test listens. */
  readonly server: Network
  /** Where it connects. May be the same. */
  readonly client: Network
  /** An address to listen on that is free. The listener's own address is used to connect. */
  address(): Address
  dispose(): Promise<void>
}

/** Registers the suite. `create` is called once per test. */
export function networkContract(name: string, create: () => Promise<NetworkHarness>): void {
  describe(`${name} keeps the network contract`, () => {
    const harnesses: NetworkHarness[] = []
    const harness = async (): Promise<NetworkHarness> => {
      const created = await create()
      harnesses.push(created)
      return created
    }
    afterEach(async () => {
      for (const used of harnesses.splice(0)) await used.dispose()
    })
    listenTests(harness)
    dataTests(harness)
    pressureTests(harness)
    closeTests(harness)
  })
}

type Create = () => Promise<NetworkHarness>

function listenTests(harness: Create): void {
  test('connecting where nobody listens is refused', async () => {
    const { server, client, address } = await harness()
    const listener = await server.listen(address(), () => {})
    await listener.close()
    await expect(client.connect(listener.address)).rejects.toMatchObject({
      name: 'NetworkError',
      code: 'refused',
    })
  })

  test('an address is listened on once at a time', async () => {
    const { server, address } = await harness()
    const first = await server.listen(address(), () => {})
    await expect(server.listen(first.address, () => {})).rejects.toMatchObject({
      name: 'NetworkError',
      code: 'addressInUse',
    })
    await first.close()
    const second = await server.listen(first.address, () => {})
    expect(second.address).toEqual(first.address)
    await second.close()
  })

  test('closing a listener leaves the open streams alone', async () => {
    const { near, far, listener } = await connected(harness)
    await listener.close()
    near.stream.write([bytes('still here')])
    await far.received(10)
    far.stream.write([bytes('so am I')])
    await near.received(7)
    expect(near.text).toBe('so am I')
  })

  test('an aborted connect rejects with the reason', async () => {
    const { server, client, address } = await harness()
    const listener = await server.listen(address(), stream => new Party(stream))
    const reason = new Error('not any more')
    const early = AbortSignal.abort(reason)
    await expect(client.connect(listener.address, early)).rejects.toBe(reason)
    const abort = new AbortController()
    const connecting = client.connect(listener.address, abort.signal)
    abort.abort(reason)
    await expect(connecting).rejects.toBe(reason)
    await listener.close()
  })

  test('both ends say who is at the other', async () => {
    const { near, far } = await connected(harness)
    expect(near.stream.remoteAddress).not.toBe('')
    expect(far.stream.remoteAddress).not.toBe('')
  })
}

function dataTests(harness: Create): void {
  test('bytes arrive in order, both ways, whatever the chunks', async () => {
    const { near, far } = await connected(harness)
    let expected = ''
    for (let i = 0; i < 200; i++) {
      near.stream.write([bytes(`${i},`), bytes(''), bytes('x'.repeat(i % 7)), bytes(';')])
      expected += `${i},${'x'.repeat(i % 7)};`
      far.stream.write([bytes(`${i} `)])
    }
    await far.received(expected.length)
    await near.received(690)
    expect(far.text).toBe(expected)
    expect(near.text).toBe(Array.from({ length: 200 }, (_, i) => `${i} `).join(''))
  })

  test('what was written before the other side took the stream is not lost', async () => {
    const { server, client, address } = await harness()
    const accepted = Promise.withResolvers<Party>()
    const listener = await server.listen(address(), stream => {
      stream.write([bytes('welcome')])
      accepted.resolve(new Party(stream))
    })
    const stream = await client.connect(listener.address)
    const near = new Party(stream)
    stream.write([bytes('hello')])
    const far = await accepted.promise
    await near.received(7)
    await far.received(5)
    expect([near.text, far.text]).toEqual(['welcome', 'hello'])
    await listener.close()
  })

  test('megabytes arrive as they were', async () => {
    const { near, far } = await connected(harness)
    const block = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31 + (i >> 8)) & 0xff)
    for (let i = 0; i < 4; i++)
      near.stream.write([block.subarray(0, 1 << 19), block.subarray(1 << 19)])
    await far.received(4 << 20)
    const received = far.bytes
    for (let i = 0; i < 4; i++) {
      expect(Buffer.compare(received.subarray(i << 20, (i + 1) << 20), block)).toBe(0)
    }
  })

  test('a received chunk belongs to the receiver: changing it changes nothing else', async () => {
    const { near, far } = await connected(harness)
    const sent = bytes('original')
    near.stream.write([sent])
    await far.received(8)
    for (const chunk of far.chunks) chunk.fill(0)
    expect(new TextDecoder().decode(sent)).toBe('original')
    near.stream.write([bytes('more')])
    await far.received(12)
    expect(far.text.slice(8)).toBe('more')
  })

  test('no handler is called from within a call of the stream', async () => {
    const { near, far } = await connected(harness)
    near.stream.write([bytes('a')])
    await far.received(1)
    const calls: string[] = []
    far.onData = () => calls.push('data')
    near.onData = () => {
      calls.push('answer begins')
      near.stream.write([bytes('c')])
      near.stream.pause()
      near.stream.resume()
      calls.push('answer ends')
    }
    far.stream.write([bytes('b')])
    calls.push('written')
    await far.received(2)
    expect(calls).toEqual(['written', 'answer begins', 'answer ends', 'data'])
    near.onClose = () => calls.push('close')
    near.stream.destroy()
    calls.push('destroyed')
    await near.closed
    expect(calls.slice(-2)).toEqual(['destroyed', 'close'])
  })

  test('many streams at once do not mix', async () => {
    const { server, client, address } = await harness()
    const listener = await server.listen(address(), stream => {
      const party = new Party(stream)
      party.onData = chunk => void stream.write([chunk])
    })
    const parties = await Promise.all(
      Array.from({ length: 10 }, async () => new Party(await client.connect(listener.address))),
    )
    for (const [i, party] of parties.entries()) party.stream.write([bytes(`${i}`.repeat(100))])
    for (const [i, party] of parties.entries()) {
      await party.received(100)
      expect(party.text).toBe(`${i}`.repeat(100))
    }
    await listener.close()
  })
}

function pressureTests(harness: Create): void {
  test('a paused receiver is handed nothing, and everything after it resumed', async () => {
    const { near, far } = await connected(harness)
    far.stream.pause()
    near.stream.write([bytes('held back')])
    // Something that took the way there and back has let the network do what it wanted to do.
    far.stream.write([bytes('ping')])
    await near.received(4)
    near.stream.write([bytes(', and more')])
    far.stream.write([bytes('ping')])
    await near.received(8)
    expect(far.text).toBe('')
    far.stream.resume()
    await far.received(19)
    expect(far.text).toBe('held back, and more')
  })

  test('pausing within onData stops the delivery at that chunk', async () => {
    const { near, far } = await connected(harness)
    far.onData = () => far.stream.pause()
    for (let i = 0; i < 5; i++) {
      near.stream.write([bytes('12345')])
      far.stream.write([bytes('.')])
      await near.received(i + 1)
    }
    const seen = far.text.length
    far.stream.write([bytes('.')])
    await near.received(6)
    expect(far.text.length).toBe(seen)
    far.onData = () => {}
    far.stream.resume()
    await far.received(25)
    expect(far.text).toBe('12345'.repeat(5))
  })

  test('a writer is told to stop when nobody reads, and to go on when somebody does', async () => {
    const { near, far } = await connected(harness)
    far.stream.pause()
    const block = new Uint8Array(256 * 1024).fill(7)
    let written = 0
    let accepts = true
    while (accepts) {
      accepts = near.stream.write([block])
      written += block.length
      expect(written).toBeLessThan(1 << 28)
      // The system's own buffers take a share, in their own time.
      if (accepts && written % (1 << 20) === 0) {
        far.stream.write([bytes('.')])
        await near.received(written >> 20)
      }
    }
    expect(near.stream.queuedBytes).toBeGreaterThan(0)
    // Still queued, and in order: stopping is a request, not a refusal.
    near.stream.write([bytes('the last')])
    let drained = 0
    const drain = Promise.withResolvers<void>()
    near.onDrain = () => {
      drained += 1
      drain.resolve()
    }
    far.stream.resume()
    await drain.promise
    await far.received(written + 8)
    expect(drained).toBe(1)
    expect(far.text.slice(-8)).toBe('the last')
  })

  test('queued bytes go back to zero once the other side has everything', async () => {
    const { near, far } = await connected(harness)
    near.stream.write([new Uint8Array(100_000)])
    await far.received(100_000)
    far.stream.write([bytes('.')])
    await near.received(1)
    near.stream.write([bytes('.')])
    far.stream.write([bytes('.')])
    await near.received(2)
    await far.received(100_001)
    far.stream.write([bytes('.')])
    await near.received(3)
    expect(near.stream.queuedBytes).toBe(0)
  })
}

function closeTests(harness: Create): void {
  test('end sends what is queued, then both sides close once and without error', async () => {
    const { near, far } = await connected(harness)
    // More than any window or buffer on the way holds.
    const block = new Uint8Array(12 << 20)
    near.stream.write([block, bytes('the last words')])
    near.stream.end()
    expect(await far.closed).toBeUndefined()
    expect(await near.closed).toBeUndefined()
    expect(far.bytes.length).toBe(block.length + 14)
    expect(far.text.slice(-14)).toBe('the last words')
    expect([near.closeCount, far.closeCount]).toEqual([1, 1])
  })

  test('an end waits until a paused reader has read', async () => {
    const { server, client, address } = await harness()
    const accepted: Party[] = []
    const listener = await server.listen(address(), stream => accepted.push(new Party(stream)))
    const near = new Party(await client.connect(listener.address))
    const other = new Party(await client.connect(listener.address))
    near.stream.write([bytes('1')])
    other.stream.write([bytes('2')])
    await conditionOf(() => accepted.length === 2 && accepted.every(party => party.text !== ''))
    const far = present(
      accepted.find(party => party.text === '1'),
      'the first was accepted',
    )
    const otherFar = present(
      accepted.find(party => party.text === '2'),
      'the second was accepted',
    )
    far.stream.pause()
    near.stream.write([bytes('unread')])
    near.stream.end()
    // Round trips beside it give the network time to do what it should not.
    for (let i = 1; i <= 5; i++) {
      other.stream.write([bytes('.')])
      await otherFar.received(i + 1)
      otherFar.stream.write([bytes('.')])
      await other.received(i)
    }
    expect([far.closeCount, far.text]).toEqual([0, '1'])
    far.stream.resume()
    expect(await far.closed).toBeUndefined()
    expect(far.text).toBe('1unread')
    await near.closed
    await listener.close()
  })

  test('a paused stream that ends closes all the same, whatever it has not read', async () => {
    const { near, far } = await connected(harness)
    near.stream.pause()
    far.stream.write([new Uint8Array(100_000)])
    near.stream.write([bytes('.')])
    await far.received(1)
    near.stream.end()
    expect(await near.closed).toBeUndefined()
    await far.closed
    expect(near.text).toBe('')
  })

  test('after its own end a stream is handed nothing and takes nothing', async () => {
    const { near, far } = await connected(harness)
    near.stream.end()
    expect(near.stream.write([bytes('too late')])).toBe(false)
    far.stream.write([bytes('unheard')])
    await Promise.all([near.closed, far.closed])
    expect([near.text, far.text]).toEqual(['', ''])
  })

  test('destroy closes both sides, the near one with the given error', async () => {
    const { near, far } = await connected(harness)
    const error = new Error('enough of this')
    near.stream.destroy(error)
    near.stream.destroy(new Error('again'))
    expect(await near.closed).toBe(error)
    await far.closed
    expect([near.closeCount, far.closeCount]).toEqual([1, 1])
  })

  test('nothing is delivered after destroy', async () => {
    const { near, far } = await connected(harness)
    far.stream.write([bytes('in flight')])
    near.stream.destroy()
    await Promise.all([near.closed, far.closed])
    expect(near.text).toBe('')
  })

  test('a write to a closed stream does nothing and says stop', async () => {
    const { near, far } = await connected(harness)
    near.stream.destroy()
    await Promise.all([near.closed, far.closed])
    expect(near.stream.write([bytes('x')])).toBe(false)
    expect(far.stream.write([bytes('x')])).toBe(false)
    near.stream.end()
    near.stream.resume()
    near.stream.pause()
    expect(near.closeCount).toBe(1)
  })

  test('both sides may end at the same time', async () => {
    const { near, far } = await connected(harness)
    near.stream.end()
    far.stream.end()
    expect(await near.closed).toBeUndefined()
    expect(await far.closed).toBeUndefined()
  })
}

/** One end of a connection, with everything that was heard there. */
class Party {
  readonly stream: ByteStream
  readonly chunks: Uint8Array[] = []
  readonly closed: Promise<Error | undefined>
  closeCount = 0
  onData: (chunk: Uint8Array) => void = () => {}
  onDrain: () => void = () => {}
  onClose: () => void = () => {}
  #receivedBytes = 0
  #waiting: { readonly count: number; readonly resolve: () => void }[] = []

  constructor(stream: ByteStream) {
    this.stream = stream
    const closed = Promise.withResolvers<Error | undefined>()
    this.closed = closed.promise
    stream.handle({
      onData: chunk => {
        this.chunks.push(chunk)
        this.#receivedBytes += chunk.length
        for (const waiting of this.#waiting) {
          if (waiting.count <= this.#receivedBytes) waiting.resolve()
        }
        this.onData(chunk)
      },
      onDrain: () => this.onDrain(),
      onClose: error => {
        this.closeCount += 1
        this.onClose()
        closed.resolve(error)
      },
    })
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.chunks)
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1')
  }

  /** Resolves when so many bytes have come in all. */
  received(count: number): Promise<void> {
    if (this.#receivedBytes >= count) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push({ count, resolve }))
  }
}

/** Resolves when the condition holds, which is asked again after each turn of the event loop. */
async function conditionOf(isMet: () => boolean): Promise<void> {
  while (!isMet()) await new Promise(resolve => setImmediate(resolve))
}

async function connected(
  harness: Create,
): Promise<{ readonly near: Party; readonly far: Party; readonly listener: Listener }> {
  const { server, client, address } = await harness()
  const accepted = Promise.withResolvers<Party>()
  const listener = await server.listen(address(), stream => accepted.resolve(new Party(stream)))
  const near = new Party(await client.connect(listener.address))
  return { near, far: await accepted.promise, listener }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
