/** URLs as `connect` takes them: each scheme is known or refused, and what is meant for TLS never goes out in clear. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { adapterFor, knownSchemes } from '../../../src/adapters/registry.ts'
import { connect, type MessagingError } from '../../../src/index.ts'

const CANARY = 'S3cr3tC4nary'

async function refusal(url: string | readonly string[], options = {}): Promise<MessagingError> {
  const error = await connect({ url, connectTimeoutMs: 1_000, ...options }).catch((problem) => problem)
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(CANARY)
  return error
}

test('every known scheme is one that its adapter names, and the other way round', async () => {
  const adapters = new Set(await Promise.all(knownSchemes().map((scheme) => adapterFor(`${scheme}:`))))
  expect([...adapters].flatMap(({ schemes }) => schemes).sort()).toEqual(knownSchemes().sort())
})

test.each([
  ['redis+ssl://u:p@h', /rediss:/],
  ['redis+tls://u:p@h', /rediss:/],
  ['rediss+x://u:p@h', /rediss:/],
  ['redis+sentinel://h', /redis:\/\/host:26379\?sentinel=NAME/],
  ['redis+cluster://h', /cluster=true/],
  ['redis-socket:///x', /redis\+unix/],
  ['amqps+x://u:p@h', /amqps:/],
  ['amqp+ssl://u:p@h', /amqps:/],
  ['qpids+ssl://u:p@h', /qpids:/],
  ['rabbitmqs+tls://u:p@h', /rabbitmqs:/],
  ['zmq+udp://h', /zmq:/],
  ['zmqs://h', /zmq/],
  ['memory+x:', /memory:/],
  ['file+x:/tmp/x', /file:/],
])('%s is refused, with what was meant', async (url, meant) => {
  expect(await refusal(url)).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(meant) })
})

test.each([
  ['redis:h'],
  ['redis://h/1#x'],
  ['redis://h?db=1&db=2'],
  ['redis://h/1?db=2'],
  ['redis:///run/r.sock'],
  ['redis+unix://run/r.sock'],
  ['redis+unix:///run/r.sock?cluster=true'],
  ['amqp://a,b'],
  ['amqp://:password@h'],
  ['amqp://h/one?vhost=other'],
  ['rabbitmqs://u:p@h?managementUrl=http://h:15672'],
  ['qpid://:password@h'],
  ['qpid://h?sasl=PLAIN'],
  ['zmq://h/path'],
  ['zmq://h#x'],
  ['zmq://h?hub=embeded'],
  ['zmq:udp://h'],
  ['file:///tmp/a#b'],
])('%s is refused rather than half understood', async (url) => {
  expect(await refusal(url)).toMatchObject({ code: 'CONFIG_INVALID' })
})

test('a fail-over list does not lead from TLS to clear text', async () => {
  const error = await refusal(['rediss://h', 'redis://h'], { password: CANARY })
  expect([error.code, error.message]).toEqual(['CONFIG_INVALID', expect.stringContaining('TLS')])
})

test('no password meant for TLS goes out in clear, however its URL is written', async () => {
  let heard = ''
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1')
      socket.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const secure = ['rediss', 'amqps', 'rabbitmqs', 'qpids', 'amqp10s']
  const written = [
    ...secure,
    ...secure.map((scheme) => scheme.toUpperCase()),
    ...secure.flatMap((scheme) => [`${scheme}+x`, `${scheme}+ssl`, `${scheme}+unix`]),
    ...secure.flatMap((scheme) => [`${scheme.slice(0, -1)}+ssl`, `${scheme.slice(0, -1)}+tls`]),
  ]
  try {
    for (const scheme of written) {
      const error = await refusal(`${scheme}://user:${CANARY}@127.0.0.1:${port}`)
      expect(error.code, scheme).toMatch(/^(CONFIG_INVALID|CONNECT_FAILED)$/)
    }
    // The beginning of a TLS handshake.
    expect(heard.startsWith('\x16\x03')).toBe(true)
    expect(heard).not.toContain(CANARY)
    expect(heard).not.toContain(Buffer.from(`\0user\0${CANARY}`).toString('latin1'))
  } finally {
    server.close()
  }
})

test.each(['file:///tmp/x\0', 'file:///tmp/a\nb', 'file:a\tb', 'memory:a\nb'])(
  '%j is refused: a parser of URLs would leave something out',
  async (url) => {
    expect(await refusal(url)).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('control character'),
    })
  },
)
