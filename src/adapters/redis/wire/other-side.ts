/**
 * A port that speaks TLS where none was asked for, or the other way round. A server without TLS waits for the end of what it takes for a
 * long command and never answers; one with TLS hangs up. Both are asked on a connection of their own, with nothing that is secret.
 */
import { connect, type NetConnectOpts } from 'node:net'
import { ANYBODY, speaksOther, speechAt } from '../../../core/connecting/first-words.ts'
import { speaksTls } from '../../../core/connecting/tls-probe.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import type { Endpoint, HostPort } from '../options.ts'

/** A handshake that takes longer raises the question whether there is TLS at all. Unit: ms. */
const HANDSHAKE_MS = 1_000
/** Longest wait for an answer. Unit: ms. */
const PATIENCE_MS = 1_000

/** Aborts with an error where a server turns out to speak no TLS, while `work` waits for it. */
export async function whileTlsAnswers<T>(
  endpoint: Endpoint,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (endpoint.tls === undefined) return work(signal)
  const plain = new AbortController()
  const timer = setTimeout(async () => {
    const answers = await Promise.all(endpoint.nodes.map(speaksPlain))
    if (answers.includes(true)) plain.abort(noTls(endpoint.place))
  }, HANDSHAKE_MS)
  try {
    return await work(AbortSignal.any([signal, plain.signal]))
  } finally {
    clearTimeout(timer)
  }
}

/** Why a server without TLS in its URL hung up, where that is because it speaks TLS. */
export async function tlsAfterAll({ tls, nodes, place }: Endpoint): Promise<MessagingError | undefined> {
  if (tls !== undefined || nodes.length === 0) return undefined
  const answers = await Promise.all(nodes.map(speaksTls))
  if (!answers.includes(true)) return undefined
  return new MessagingError('CONNECT_FAILED', `The port ${place} speaks TLS, the URL does not`, {
    retryable: false,
    hint: 'Use a URL that begins with rediss:.',
    context: { adapter: ADAPTER, address: place, operation: 'connect' },
  })
}

/**
 * Why a server hung up. To whoever connects it may say so first: too many clients, or none from elsewhere. ioredis drops that, since no
 * command was asked. It may also be no Redis at all.
 */
export async function farewell({ tls, nodes, socket, place }: Endpoint): Promise<Error | undefined> {
  const at = socket === undefined ? nodes[0] : { path: socket }
  if (tls !== undefined || at === undefined) return undefined
  const said = /^-(.+?)\r?\n/.exec(await firstAnswer(at, ''))?.[1]
  if (said !== undefined) return new Error(said)
  const speech = await speechAt(at, ANYBODY)
  if (speech === undefined || speech === 'Redis') return undefined
  return speaksOther(speech, 'rediss', undefined, { adapter: ADAPTER, address: place, operation: 'connect' })
}

/** A Sentinel has no data, and one server of a Cluster not all of it. @throws `CONNECT_FAILED` */
export function refuseOtherMode(mode: string, place: string): void {
  if (mode !== 'sentinel' && mode !== 'cluster') return
  const what = mode === 'sentinel' ? 'is a Sentinel' : 'belongs to a Cluster'
  const parameter = mode === 'sentinel' ? 'sentinel=NAME, with the name of the master' : 'cluster=true'
  throw new MessagingError('CONNECT_FAILED', `The server at ${place} ${what}, which the URL does not say`, {
    retryable: false,
    hint: `Write redis://${place}?${parameter}.`,
    context: { adapter: ADAPTER, address: place, operation: 'connect' },
  })
}

/** What such a replica accepts is gone when it hears of its master again. @throws `CONNECT_FAILED` */
export function refuseLosingWrites(place: string): never {
  throw new MessagingError(
    'CONNECT_FAILED',
    `The server at ${place} is a replica that takes writes, and loses them`,
    {
      hint: 'Give the address of the master, or set replica-read-only yes there.',
      context: { adapter: ADAPTER, address: place, operation: 'connect' },
    },
  )
}

function noTls(place: string): MessagingError {
  return new MessagingError('CONNECT_FAILED', `The port ${place} speaks no TLS: it answers plain Redis`, {
    retryable: false,
    hint: 'Use the TLS port of the server, or a URL that begins with redis: if its network may be trusted.',
    context: { adapter: ADAPTER, address: place, operation: 'connect' },
  })
}

/** Whether a PING without a login is answered, be it by an error. */
async function speaksPlain(at: HostPort): Promise<boolean> {
  return /^[+-]/.test(await firstAnswer(at, 'PING\r\n'))
}

/** Empty where nothing comes. */
function firstAnswer(at: NetConnectOpts, asked: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ ...at, timeout: PATIENCE_MS })
    const done = (answer: string): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => socket.write(asked))
    socket.once('data', (bytes) => done(bytes.toString()))
    for (const event of ['timeout', 'error', 'close']) socket.once(event, () => done(''))
  })
}
