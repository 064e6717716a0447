/** What listens at a port that answers with something else than its protocol, by the first bytes that come from it. */
import { connect, type NetConnectOpts } from 'node:net'
import { MessagingError, type MessagingErrorOptions } from '../../model/errors.ts'

export type Speech = 'TLS' | 'HTTP' | 'AMQP 0-9-1' | 'AMQP 1.0' | 'Redis' | 'ZeroMQ' | 'SSH'

/** Bytes by which each of them is known. */
export const FIRST_WORDS = 4
/** Which AMQP it is, stands behind its name. */
const HEADER_BYTES = 8
const LETTER_A = 0x41
/** Longest wait for an answer. Unit: ms. */
const PATIENCE_MS = 1_000

/** `undefined`: too few bytes, or nothing known here. */
export function speechOf(bytes: Buffer): Speech | undefined {
  if (bytes.length < FIRST_WORDS) return undefined
  // A record of TLS: its kind, and 3 for every version of it.
  if (bytes[0]! >= 0x14 && bytes[0]! <= 0x17 && bytes[1] === 3) return 'TLS'
  const text = bytes.toString('latin1', 0, FIRST_WORDS)
  if (text === 'HTTP') return 'HTTP'
  // A SASL layer or AMQP 1.0 itself have their major version at the sixth place; others have 0 there.
  if (text === 'AMQP') return bytes[5] === 1 ? 'AMQP 1.0' : 'AMQP 0-9-1'
  // A method frame on channel 0.
  if (text.startsWith('\x01\0\0')) return 'AMQP 0-9-1'
  if (/^(-(ERR|DEN|NOA|LOA|MIS|BUS|MAS)|\+PON)/.test(text)) return 'Redis'
  if (text === 'SSH-') return 'SSH'
  return bytes[0] === 0xff && bytes[1] === 0 ? 'ZeroMQ' : undefined
}

/** A greeting that every one of them answers in its own way, and none of them takes for a secret. */
export const ANYBODY = Buffer.from('PING\r\n\r\n')

/** What a port answers to a greeting on a connection of its own. Resolves to `undefined` as well where nothing answers. */
export function speechAt(at: NetConnectOpts, greeting: Buffer): Promise<Speech | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...at, timeout: PATIENCE_MS })
    let heard = Buffer.alloc(0)
    const done = (): void => {
      socket.destroy()
      resolve(speechOf(heard))
    }
    socket.once('connect', () => socket.write(greeting))
    socket.on('data', (bytes) => {
      heard = Buffer.concat([heard, bytes])
      if (heard.length >= HEADER_BYTES || (speechOf(heard) && heard[0] !== LETTER_A)) done()
    })
    for (const event of ['timeout', 'error', 'close']) socket.once(event, done)
  })
}

/**
 * Something else listens at the port, in the same words for every broker.
 *
 * @param secure the scheme of the URL with TLS
 */
export function speaksOther(
  speech: Speech,
  secure: string,
  cause: unknown,
  context: NonNullable<MessagingErrorOptions['context']> & { readonly address: string },
): MessagingError {
  const { address } = context
  const [text, hint] =
    speech === 'TLS'
      ? [`The port ${address} speaks TLS, the URL does not`, `Use a URL that begins with ${secure}:.`]
      : speech === 'HTTP'
        ? [
            `A web server answers at ${address}`,
            "Give the broker's own port: this may be its management page, or a proxy in front of it.",
          ]
        : [
            `The port ${address} speaks ${speech}`,
            'Correct host and port, or the scheme of the URL; `sluice doctor URL` tells what is there.',
          ]
  return new MessagingError('CONNECT_FAILED', text, {
    cause,
    hint,
    ...(speech === 'TLS' && { retryable: false }),
    context,
  })
}
