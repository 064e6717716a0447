/** Whether a port speaks TLS, asked on a connection of its own: a broker that is spoken to in the wrong way hangs up without a word. */
import { connect } from 'node:tls'

/** Longest wait for an answer. Unit: ms. */
const PATIENCE_MS = 1_000

/** Resolves to `false` as well where nothing answers. Sends the first message of a handshake and nothing else. */
export function speaksTls({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: PATIENCE_MS })
    const done = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('secureConnect', () => done(true))
    socket.once('timeout', () => done(false))
    socket.once('close', () => done(false))
    // A peer that refuses the handshake in TLS' own words speaks it, such as one that asks for a certificate.
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) =>
      done(code.startsWith('ERR_SSL_') && !/WRONG_VERSION|PACKET_LENGTH|UNKNOWN_PROTOCOL/.test(code)),
    )
  })
}
