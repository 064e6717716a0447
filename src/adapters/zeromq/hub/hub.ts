/** How a hub is started: its options, their check, its socket. */
import { resolve } from 'node:path'
import { Broker, type BrokerLease, fileBroker } from '../../../broker/index.ts'
import { MessagingError } from '../../../model/errors.ts'
import { MAX_HEADER_BYTES } from '../codec/message-codec.ts'
import { loadZeromq } from '../library.ts'
import { LOOPBACK } from '../options.ts'
import { listen, placesFree } from '../wire/listening.ts'
import { openSocket, withEvents } from '../wire/open-socket.ts'
import { allowKeys, curveOptions } from './curve.ts'
import type { Hub, HubOptions } from './hub-api.ts'
import { RunningHub } from './running-hub.ts'

export type { Hub, HubOptions }

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
const MAX_SESSIONS = 10_000
/** What may share the batch of the largest message, beside the fields of that message. Unit: bytes. */
const COMPANY_BYTES = 1024 * 1024
/** Batches of one client that ZeroMQ holds for it, each way; what comes beyond waits in its own process. */
const HIGH_WATER_BATCHES = 1_000

/** ZeroMQ would take a larger one for another. */
const LAST_PORT = 65_535
const FREE = 'Check that the address is of this machine and free.'

/**
 * Starts a hub.
 *
 * @throws `CONFIG_INVALID`, `CONNECT_FAILED` when the address is taken or the store cannot be opened
 *
 * @example
 * ```ts
 * const hub = await createHub({ listen: ['tcp://127.0.0.1:5600'], data: '/var/lib/queues' })
 * const connection = await connect(hub.urls[0]!)
 * await hub.close()
 * ```
 */
export async function createHub(options: HubOptions): Promise<Hub> {
  checkListen(options)
  const maxMessageBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES
  const maxBatchBytes = maxMessageBytes + MAX_HEADER_BYTES + COMPANY_BYTES
  const { Router } = await loadZeromq()
  const router = openSocket(() =>
    withEvents(
      new Router({
        linger: 500,
        // A peer that is gone, or does not read, is told by the send instead of being waited for.
        mandatory: true,
        sendTimeout: 0,
        sendHighWaterMark: HIGH_WATER_BATCHES,
        receiveHighWaterMark: HIGH_WATER_BATCHES,
        maxMessageSize: maxBatchBytes,
        handover: true,
        ...curveOptions(options.curve),
      }),
    ),
  )
  // Ended in this order, whether the start fails half-way or the hub is closed.
  const parts: (() => Promise<void>)[] = []
  const endpoints: string[] = []
  const release = async (): Promise<void> => {
    for (const end of parts.reverse()) await end()
  }
  try {
    const lease = options.data === undefined ? await memoryLease() : await fileBroker(options.data)
    parts.push(() => lease.release())
    if (options.curve) {
      const zap = await allowKeys(options.curve.allowedKeys)
      parts.push(() => zap.close())
    }
    for (const address of options.listen)
      endpoints.push(await listen(router, absolute(address), 'The hub', FREE))
    const facts = {
      endpoints,
      urls: endpoints.map(urlOf),
      durable: options.data !== undefined,
      maxMessageBytes,
      maxBatchBytes,
      maxSessions: options.maxSessions ?? MAX_SESSIONS,
    }
    return new RunningHub(router, lease.broker, facts, release)
  } catch (error) {
    const free = placesFree(router, endpoints)
    router.close()
    await Promise.all([release(), free])
    throw error
  }
}

async function memoryLease(): Promise<BrokerLease> {
  const broker = await Broker.open()
  return { broker, release: () => broker.close() }
}

/** As it is written in a URL, whatever directory the program that connects runs in. */
function urlOf(endpoint: string): string {
  if (endpoint.startsWith('tcp://')) return endpoint.replace(/^tcp:/, 'zmq:')
  return `zmq+${endpoint.replaceAll(/[^a-z0-9/:._~+-]/gi, encodeURIComponent)}`
}

function absolute(address: string): string {
  const path = /^ipc:\/\/(.*)$/s.exec(address)?.[1]
  return path === undefined ? address : `ipc://${resolve(path)}`
}

function checkListen({ listen, curve, insecure }: HubOptions): void {
  if (!Array.isArray(listen) || listen.length === 0)
    throw new MessagingError('CONFIG_INVALID', 'The hub needs an address to listen at')
  for (const address of listen) {
    if (!/^(tcp|ipc|inproc):\/\//.test(address)) {
      throw new MessagingError('CONFIG_INVALID', `'${address}' is none of tcp://, ipc://, inproc://`)
    }
    if (/^ipc:\/\/([*@]|$)/.test(address)) {
      throw new MessagingError('CONFIG_INVALID', `'${address}' names no file: write ipc:///path`)
    }
    const port = /^tcp:.*:(\d+)$/.exec(address)?.[1]
    if (Number(port) > LAST_PORT)
      throw new MessagingError('CONFIG_INVALID', `'${address}' has a port beyond ${LAST_PORT}`)
    if (address.startsWith('tcp:') && !LOOPBACK.test(address) && !curve && !insecure) {
      throw new MessagingError(
        'CONFIG_INVALID',
        `${address} can be reached from other machines, without encryption or login`,
        {
          hint: 'Use CURVE keys (sluice hub --curve-keys), or say that it may be so (--insecure).',
        },
      )
    }
  }
}
