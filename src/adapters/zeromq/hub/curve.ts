/** CURVE: encryption and the list of clients that are let in. Without that list ZeroMQ admits any key. */

import { MessagingError } from '../../../model/errors.ts'
import { loadZeromq } from '../library.ts'
import { openSocket } from '../wire/open-socket.ts'
import { decodeZ85 } from '../wire/z85.ts'

/** How a hub encrypts, and whom it lets in. Every key is Z85 text of 40 characters; {@link createCurveKeys} makes pairs. */
export interface CurveHubOptions {
  /** The hub's own; clients must know it. */
  readonly publicKey: string
  /** The hub's own; never leaves it. */
  readonly secretKey: string
  /** Public keys of the clients that may connect. */
  readonly allowedKeys: readonly string[]
}

const DOMAIN = 'sluice'

/** What the socket is told. @throws `CONFIG_INVALID` on a key that is none */
export function curveOptions(curve: CurveHubOptions | undefined): object {
  if (!curve) return {}
  for (const key of [curve.publicKey, curve.secretKey, ...curve.allowedKeys]) decodeZ85(key)
  return {
    curveServer: true,
    curvePublicKey: curve.publicKey,
    curveSecretKey: curve.secretKey,
    zapDomain: DOMAIN,
  }
}

/**
 * A new pair of keys for a hub or a client, in Z85 text.
 *
 * @throws `CLIENT_LIBRARY_MISSING`
 *
 * @example
 * ```ts
 * const hubKeys = await createCurveKeys()
 * const clientKeys = await createCurveKeys()
 * const hub = await createHub({
 *   listen: ['tcp://0.0.0.0:5600'],
 *   curve: { ...hubKeys, allowedKeys: [clientKeys.publicKey] },
 * })
 * ```
 */
export async function createCurveKeys(): Promise<{ publicKey: string; secretKey: string }> {
  const { curveKeyPair } = await loadZeromq()
  return curveKeyPair()
}

/**
 * Answers ZeroMQ's questions whom to let in (ZAP, RFC 27). The address is fixed by that protocol and shared by the whole process: one hub
 * with CURVE at a time.
 */
export async function allowKeys(keys: readonly string[]): Promise<{ close(): Promise<void> }> {
  const { Reply } = await loadZeromq()
  const allowed = new Set(keys.map((key) => decodeZ85(key).toString('hex')))
  const socket = openSocket(() => new Reply({ linger: 0 }))
  try {
    await socket.bind('inproc://zeromq.zap.01')
  } catch (cause) {
    socket.close()
    throw new MessagingError(
      'CONFIG_INVALID',
      'Another hub with CURVE runs in this process; there can be one',
      { cause },
    )
  }
  const loop = (async (): Promise<void> => {
    for await (const frames of socket) {
      const [version, id, domain, , , mechanism, key] = frames as Buffer[]
      const good =
        domain?.toString() === DOMAIN &&
        mechanism?.toString() === 'CURVE' &&
        key !== undefined &&
        allowed.has(key.toString('hex'))
      await socket.send([
        version!,
        id!,
        good ? '200' : '400',
        good ? 'OK' : 'This key is not allowed',
        '',
        '',
      ])
    }
  })().catch(() => {})
  return {
    async close() {
      socket.close()
      await loop
    },
  }
}
