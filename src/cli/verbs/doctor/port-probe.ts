/** Finds out what listens at a port, by what it says: to nothing, to the greetings of the protocols known here, to TLS. */
import { type Socket, connect as tcp } from 'node:net'
import { connect as tls } from 'node:tls'

export type Speech = 'AMQP 0-9-1' | 'AMQP 1.0' | 'Redis' | 'ZeroMQ' | 'TLS' | 'HTTP'

/** Longest wait for the first bytes of an answer. Unit: ms. */
const PATIENCE_MS = 700
const CONNECT_MS = 3_000

const AMQP_0_9_1 = Buffer.from('AMQP\0\0\x09\x01', 'latin1')
const REDIS = Buffer.from('PING\r\n')

/** What the port speaks; `undefined` when it is nothing of these. @throws the socket's error when nothing listens */
export async function speechAt(host: string, port: number): Promise<Speech | undefined> {
  const unasked = await answer(host, port, undefined)
  if (unasked[0] === 0xff) return 'ZeroMQ'
  const toAmqp = await answer(host, port, AMQP_0_9_1)
  const text = toAmqp.toString('latin1')
  if (text.startsWith('AMQP')) return text[5] === '\x01' ? 'AMQP 1.0' : 'AMQP 0-9-1'
  // A method frame on channel 0: Connection.Start.
  if (text.startsWith('\x01\0\0')) return 'AMQP 0-9-1'
  if (text.startsWith('HTTP/')) return 'HTTP'
  const toRedis = (await answer(host, port, REDIS)).toString('latin1')
  if (/^(\+PONG|-NOAUTH|-ERR|-DENIED)/.test(toRedis)) return 'Redis'
  if (toRedis.startsWith('HTTP/')) return 'HTTP'
  return (await takesTls(host, port)) ? 'TLS' : undefined
}

/** The first bytes that come back; none when the other end is silent or hangs up. */
function answer(host: string, port: number, greeting: Buffer | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = tcp({ host, port })
    let connected = false
    const done = (bytes: Buffer): void => {
      socket.destroy()
      resolve(bytes)
    }
    socket.setTimeout(CONNECT_MS, () => {
      if (connected) done(Buffer.alloc(0))
      else failAs(socket, reject, 'ETIMEDOUT')
    })
    socket.once('connect', () => {
      connected = true
      // Who speaks first does so at once.
      socket.setTimeout(greeting ? PATIENCE_MS : PATIENCE_MS / 3)
      if (greeting) socket.write(greeting)
    })
    socket.once('data', done)
    socket.once('end', () => done(Buffer.alloc(0)))
    socket.once('error', (error) => {
      if (connected) done(Buffer.alloc(0))
      else reject(error)
    })
  })
}

function failAs(socket: Socket, reject: (error: Error) => void, code: string): void {
  socket.destroy()
  reject(Object.assign(new Error('no answer'), { code }))
}

/** Only whether it speaks TLS: what it shows is looked at by nobody, and nothing is sent. */
function takesTls(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tls({ host, port, rejectUnauthorized: false })
    const done = (spoken: boolean): void => {
      socket.destroy()
      resolve(spoken)
    }
    socket.setTimeout(PATIENCE_MS, () => done(false))
    socket.once('secureConnect', () => done(true))
    // A certificate of ours may be asked for: that too is TLS.
    socket.once('error', (error: NodeJS.ErrnoException) => done(/alert/i.test(error.message)))
    socket.once('end', () => done(false))
  })
}
