/** What nothing can be read of is refused in words that name the call, never in those of the engine. */
import { expect, test } from 'vitest'
import { type Connection, connect, queue } from '../../../src/index.ts'

function revoked(target: object = {}): never {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy as never
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(4)
  structuredClone(bytes, { transfer: [bytes.buffer] })
  return bytes
}

const PLACE = queue('unreadable')

const CALLS: Record<string, [(connection: Connection) => unknown, object]> = {
  'an address that is a revoked Proxy': [(c) => c.send(revoked(), 1), /Not an address/],
  'a source that is one': [(c) => c.receiver(revoked()), /Not an address/],
  'options that are one': [(c) => c.receiver(PLACE, revoked()), /receiver\(\): the options are no object/],
  'fields that are one': [(c) => c.send(PLACE, 1, revoked()), /send: the fields are no object/],
  'a signal that is one': [(c) => c.sender(PLACE, { signal: revoked() }), /signal is no AbortSignal/],
  'a property that is one': [
    (c) => c.send(PLACE, 1, { properties: { a: revoked([]) } }),
    /Property 'a' is an object/,
  ],
  'options of connect that are one': [() => connect(revoked()), /connect\(\) takes a URL or options/],
  'a promise that nobody awaited': [
    () => connect(new Promise(() => {}) as never),
    /connect\(\) takes a URL or options/,
  ],
  'a message to forward that is none': [
    async (c) => (await c.sender(PLACE)).forward(undefined as never),
    /forward\(\): the message is no object/,
  ],
  'fields of many bodies that are one': [
    async (c) => (await c.sender(PLACE)).sendAll([1], revoked()),
    /send: the fields are no object/,
  ],
  'bodies that are one': [
    async (c) => (await c.sender(PLACE)).sendAll(revoked()),
    /sendAll\(\): the bodies are no iterable/,
  ],
  'bodies that are no iterable': [
    async (c) => (await c.sender(PLACE)).sendAll(undefined as never),
    /sendAll\(\): the bodies are no iterable/,
  ],
}

test.each(Object.entries(CALLS))('%s', async (_, [call, message]) => {
  await using connection = await connect('memory:unreadable')
  await expect((async () => call(connection))()).rejects.toMatchObject({
    name: 'TypeError',
    message: expect.stringMatching(message as RegExp),
  })
})

test('bytes among the properties whose memory was given away are ENCODE_FAILED', async () => {
  await using connection = await connect('memory:unreadable')
  await expect(connection.send(PLACE, 1, { properties: { a: detached() } })).rejects.toMatchObject({
    code: 'ENCODE_FAILED',
  })
})
