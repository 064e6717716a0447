/**
 * A port at which something else listens. ZeroMQ greets whoever connects, and waits for the greeting of the other end without a word to
 * the program: it is asked on a connection of its own, with nothing that is secret.
 */
import { connect, type NetConnectOpts } from 'node:net'

/** A greeting that takes longer raises the question who is there. Unit: ms. */
const GREETING_MS = 1_000
/** After which one who says nothing by himself is asked. Unit: ms. */
const SILENCE_MS = 300
/** Longest wait for an answer. Unit: ms. */
const PATIENCE_MS = 1_500
/** Answered by servers of HTTP, Redis, AMQP, SMTP … each in its own way. */
const QUESTION = 'PING\r\n\r\n'
/** First byte of the greeting of ZeroMQ. */
const SIGNATURE = 0xff
const MOST_SHOWN = 40

/** Calls `found` with what the other end says, unless that is ZeroMQ or says nothing. The function returned ends the question. */
export function whileNotGreeted(address: string, found: (words: string) => void): () => void {
  let socket: ReturnType<typeof connect> | undefined
  const place = placeOf(address)
  const timer = setTimeout(() => {
    if (place === undefined) return
    const asked = connect({ ...place, timeout: PATIENCE_MS })
    socket = asked
    const silence = setTimeout(() => asked.write(QUESTION), SILENCE_MS)
    asked.once('data', (bytes) => {
      asked.destroy()
      if (bytes[0] !== SIGNATURE) found(wordsOf(bytes))
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('close', () => clearTimeout(silence))
    // It cannot be reached, or hung up: what ZeroMQ makes of it counts.
    asked.on('error', () => {})
  }, GREETING_MS)
  return () => {
    clearTimeout(timer)
    socket?.destroy()
  }
}

function placeOf(address: string): NetConnectOpts | undefined {
  const [, six, host, port] = /^tcp:\/\/(?:\[(.+)\]|([^[\]]+)):(\d+)$/.exec(address) ?? []
  if (port !== undefined) return { host: (six ?? host)!, port: Number(port) }
  const path = /^ipc:\/\/([^@].*)$/.exec(address)?.[1]
  return path === undefined ? undefined : { path }
}

function wordsOf(bytes: Buffer): string {
  const line = bytes.toString('latin1', 0, MOST_SHOWN).split(/[\r\n]/, 1)[0]!
  return line.replaceAll(/[^\x20-\x7e]/g, '?')
}
