/** Whether a broker answers who speaks its protocol, by no more than a few bytes: one that is frozen takes connections, and says nothing. */
import { connect } from 'node:net'

const GREETINGS = { amqp091: 'AMQP\0\0\x09\x01', amqp10: 'AMQP\x03\x01\0\0' }
/** Unit: ms. */
const ANSWER_MS = 1_500

export function greets(port: number, protocol: keyof typeof GREETINGS): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(GREETINGS[protocol], 'latin1')))
    const end = (there: boolean) => {
      socket.destroy()
      resolve(there)
    }
    socket.setTimeout(ANSWER_MS, () => end(false))
    socket.once('data', () => end(true))
    socket.once('error', () => end(false))
    // It was killed between taking the connection and answering.
    socket.once('close', () => end(false))
  })
}
