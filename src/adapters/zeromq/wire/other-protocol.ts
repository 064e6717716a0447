/**
 * A port at which something else listens. ZeroMQ greets whoever connects, and waits for the greeting of the other end without a word to
 * the program: it is asked on a connection of its own.
 */
import type { NetConnectOpts } from 'node:net'
import { ANYBODY, type Speech, speechAt } from '../../../core/connecting/first-words.ts'

/** A greeting that takes longer raises the question who is there. Unit: ms. */
const GREETING_MS = 1_000

/** Calls `found` when something else than ZeroMQ speaks there. The function returned ends the question. */
export function whileNotGreeted(address: string, found: (speech: Speech) => void): () => void {
  const place = placeOf(address)
  let asking = true
  const timer = setTimeout(async () => {
    const speech = place && (await speechAt(place, ANYBODY))
    if (asking && speech !== undefined && speech !== 'ZeroMQ') found(speech)
  }, GREETING_MS)
  return () => {
    asking = false
    clearTimeout(timer)
  }
}

function placeOf(address: string): NetConnectOpts | undefined {
  const [, six, host, port] = /^tcp:\/\/(?:\[(.+)\]|([^[\]]+)):(\d+)$/.exec(address) ?? []
  if (port !== undefined) return { host: (six ?? host)!, port: Number(port) }
  const path = /^ipc:\/\/([^@].*)$/.exec(address)?.[1]
  return path === undefined ? undefined : { path }
}
