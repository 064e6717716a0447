/** `sluice doctor`: health of a broker, and cause and cure where there is none. */
import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { Commands, type Ended } from './commands.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A port that answers the first bytes it gets with `says`, or hangs up. */
async function listening(says: string | undefined): Promise<string> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(says ?? ''))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `127.0.0.1:${address.port}`
}

function doctor(...args: string[]): Promise<Ended> {
  return commands.run('sluice', 'doctor', ...args)
}

describe('a broker in good health', () => {
  it('is shown with what works and what it can do', async () => {
    const { code, err, text } = await doctor('memory:', '--json')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const report = JSON.parse(text)
    expect(report).toMatchObject({ adapter: 'memory', tls: 'no' })
    expect(report.checks.filter(({ result }: { result: string }) => result !== 'ok')).toEqual([])
    expect(report.checks.length).toBeGreaterThan(9)
    const table = await doctor('memory:')
    expect(table.text).toContain('make a queue, send, receive, accept      ok')
    expect(table.text).toContain('browse without taking')
  })
})

describe('no connection', () => {
  it('nobody is there', async () => {
    const { code, err } = await doctor('rabbitmq://me:secret@127.0.0.1:1')
    expect(code).toBe(1)
    expect(err).toContain('CONNECT_FAILED')
    expect(err).toContain('nothing listens at 127.0.0.1:1: start the broker, or correct host and port')
    expect(err).not.toContain('secret')
  })

  it.each([
    ['rabbitmq', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'a web server listens at PLACE'],
    ['qpid', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'a web server listens at PLACE'],
    ['rabbitmq', 'AMQP\0\x01\0\0', 'PLACE speaks AMQP 1.0: write qpid://PLACE'],
    ['redis', 'AMQP\0\0\x09\x01', 'PLACE speaks AMQP 0-9-1: write rabbitmq://PLACE'],
    [
      'rabbitmqs',
      'AMQP\0\0\x09\x01',
      'PLACE speaks AMQP 0-9-1 without TLS: write rabbitmq:// instead of rabbitmqs://',
    ],
    ['rabbitmq', '-ERR unknown command\r\n', 'PLACE speaks Redis: write redis://PLACE'],
    ['rabbitmq', undefined, 'something listens at PLACE that is no broker known here'],
  ])('%s:// to a port that says %j', async (scheme, says, text) => {
    const place = await listening(says)
    const { code, err } = await doctor(`${scheme}://me:secret@${place}`)
    expect(code).toBe(1)
    expect(err).toContain(text.replaceAll('PLACE', place))
    expect(err).not.toContain('secret')
  })

  it('the URL of the environment is looked at too', async () => {
    const env = { SLUICE_URL: 'redis://127.0.0.1:1' }
    const { err } = await commands.runWith({ env }, 'sluice', 'doctor')
    expect(err).toContain('nothing listens at 127.0.0.1:1')
  })

  it('an unknown scheme, an unknown name', async () => {
    expect((await doctor('nosuch://x')).err).toContain("no adapter speaks 'nosuch:'")
    expect((await doctor('rabbitmq://nosuch.invalid')).err).toContain('nosuch.invalid has no address')
  })
})

// Reason of a skip: the user chose to do without RabbitMQ, which the summary of the run says.
describe.skipIf(isLeftOut('rabbitmq'))('a real broker', () => {
  const url = isLeftOut('rabbitmq') ? '' : brokerUrl('rabbitmq')

  it('that refuses the login', async () => {
    const { code, err } = await doctor(url.replace(/:[^:@/]+@/, ':not-the-password@'))
    expect(code).toBe(1)
    expect(err).toContain('UNAUTHENTICATED')
    expect(err).toContain('Check user name and password')
    expect(err).not.toContain('not-the-password')
  })

  it('without TLS, or of another kind, than the URL says', async () => {
    const place = /@([^/?]+)/.exec(url)![1]!
    expect((await doctor(url.replace('rabbitmq:', 'rabbitmqs:'))).err).toContain(
      `${place} speaks AMQP 0-9-1 without TLS`,
    )
    expect((await doctor(`redis://${place}`)).err).toContain(`write rabbitmq://${place}`)
  })
})

// Reason of a skip: as above.
it.skipIf(isLeftOut('artemis'))('how long the broker keeps what a vanished client held', async () => {
  const { text } = await doctor(brokerUrl('artemis'), '--json')
  expect(JSON.parse(text).notes).toEqual([expect.stringContaining('after 30 to 60 s')])
})
