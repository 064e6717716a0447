/**
 * From a command's options to a connection: which broker, how it reconnects, and the log lines of the originals on the way.
 * The library is loaded here and not before, so that help and usage errors are immediate.
 */

import { pause } from '../../core/time/waiting.ts'
import type { Connection } from '../../index.ts'
import type { Context } from '../command/command.ts'
import { CommandError } from '../command/errors.ts'
import { visible } from '../print/terminal-text.ts'
import { brokerUrl } from './broker-url.ts'
import { keptAddress } from './kept-address.ts'
import type { Library } from './library.ts'

/** Its end closes the connection, within {@link CLOSE_MS}. */
export interface Session extends AsyncDisposable {
  readonly connection: Connection
  readonly library: Library
  /** Nothing but what is durable is there for the next command. */
  readonly keeps: boolean
  /** Takes an address string, or `@name` of the configuration. */
  address(text: string): string
}

/** How long a command that ends may take to settle what is open. Unit: ms. */
export const CLOSE_MS = 5_000

export interface SessionOptions {
  /** Instead of the option `broker`. */
  readonly broker?: string
  /** Long-running tools come back after a loss; the originals only with `-r`. Default: as the command's options say. */
  readonly reconnect?: 'always'
}

export async function openSession(context: Context, options: SessionOptions = {}): Promise<Session> {
  const library = await import('../../index.ts')
  const { addresses = {} } = await library.loadConfiguration()
  const url = await brokerOf(context, library, options.broker)
  const policy = reconnectPolicy(context, options)
  const connection = await connectWithRetries(context, library, url, policy)
  followStatus(context, connection, policy)
  const keeps = connection.adapter === 'file'
  return {
    connection,
    library,
    keeps,
    address: (text) => {
      const resolved = resolveAddress(text, addresses)
      return keeps ? keptAddress(library, resolved) : resolved
    },
    [Symbol.asyncDispose]: () => connection.close({ timeoutMs: CLOSE_MS }),
  }
}

/** The broker asked for: a URL, or the name of a configured connection. Default: `--broker`, `SLUICE_URL`, the configuration. */
export async function brokerOf(
  context: Context,
  library: Library,
  broker = givenBroker(context),
): Promise<string> {
  const { connections = {} } = await library.loadConfiguration()
  return brokerUrl(broker ?? defaultBroker(connections), Object.keys(connections))
}

function givenBroker({ args, command }: Context): string | undefined {
  return command.options.some(({ name }) => name === 'broker') ? args.text('broker') : undefined
}

function defaultBroker(connections: Readonly<Record<string, unknown>>): string {
  return process.env.SLUICE_URL ?? (Object.hasOwn(connections, 'default') ? 'default' : 'localhost')
}

function resolveAddress(text: string, addresses: Readonly<Record<string, string>>): string {
  if (!text.startsWith('@')) return text
  const name = text.slice(1)
  if (Object.hasOwn(addresses, name)) return addresses[name]!
  throw new CommandError(
    `the configuration has no address '${visible(name)}'`,
    `Known: ${Object.keys(addresses).join(', ') || 'none'}; quote a node's name that begins with @.`,
  )
}

interface ReconnectPolicy {
  readonly enabled: boolean
  readonly intervalMs: number | undefined
  /** Attempts after the first. */
  readonly limit: number
  /** Whether the first connect waits for the broker too. */
  readonly waits: boolean
}

function reconnectPolicy({ args, command }: Context, options: SessionOptions): ReconnectPolicy {
  if (options.reconnect === 'always')
    return { enabled: true, intervalMs: undefined, limit: Infinity, waits: false }
  if (!command.options.some((option) => option.name === 'reconnect')) {
    return { enabled: false, intervalMs: undefined, limit: 0, waits: false }
  }
  const limit = args.number('reconnect-limit')
  const enabled = args.flag('reconnect')
  return {
    enabled,
    intervalMs: Math.max(0, args.number('reconnect-interval') ?? 3) * 1000,
    limit: limit === undefined || limit <= 0 ? Infinity : limit,
    waits: enabled,
  }
}

/** The first connection too is tried again with `-r`, as in the originals; each attempt is told of. */
async function connectWithRetries(
  context: Context,
  { connect, isMessagingError, resolveConfiguration }: Library,
  url: string,
  { enabled, intervalMs, limit, waits }: ReconnectPolicy,
): Promise<Connection> {
  const { signal } = context
  for (let attempt = 0; ; attempt++) {
    try {
      const connection = await connect({
        ...(await resolveConfiguration(url)),
        reconnect: enabled
          ? {
              ...(intervalMs !== undefined && { minDelayMs: intervalMs, maxDelayMs: intervalMs }),
              ...(limit !== Infinity && { limit }),
            }
          : false,
        signal,
      })
      if (attempt > 0) await log(context, 'WARNING', `reconnect succeeded: ${place(url)}`)
      return connection
    } catch (error) {
      if (!waits || attempt >= limit || !isMessagingError(error, 'CONNECT_FAILED')) throw error
      await log(context, 'WARNING', `recoverable error[attempt ${attempt + 1}]: ${error.message}`)
      if (intervalMs) {
        await log(context, 'WARNING', `sleeping ${intervalMs / 1000} seconds`)
        await pause(intervalMs, signal)
      }
      signal.throwIfAborted()
      await log(context, 'WARNING', `trying: ${place(url)}`)
    }
  }
}

function followStatus(
  context: Context,
  connection: Connection,
  { enabled, intervalMs }: ReconnectPolicy,
): void {
  const verbose =
    context.command.options.some(({ name }) => name === 'verbose') && context.args.flag('verbose')
  const warn = (text: string): void => void log(context, 'WARNING', text).catch(() => {})
  if (enabled) {
    connection.on('reconnecting', ({ attempt, delayMs, url, cause }) => {
      warn(`recoverable error[attempt ${attempt}]: ${cause.message}`)
      if (delayMs > 0 && intervalMs !== undefined) warn(`sleeping ${delayMs / 1000} seconds`)
      warn(`trying: ${place(url)}`)
    })
    connection.on('reconnected', ({ url }) => warn(`reconnect succeeded: ${place(url)}`))
  }
  connection.on('warning', ({ error }) => warn(`${error.code}: ${error.message}`))
  connection.on('gap', ({ address, reason }) =>
    warn(`messages of '${address}' may have been missed: ${reason}`),
  )
  if (!verbose) return
  connection.on('blocked', ({ reason }) => warn(`the broker takes no messages for now: ${reason}`))
  connection.on('unblocked', () => warn('the broker takes messages again'))
  connection.on('disconnected', ({ cause }) => warn(`connection lost: ${cause.message}`))
  const { broker } = connection
  void log(
    context,
    'DEBUG',
    `connected to ${broker?.product} ${broker?.version} (${connection.adapter})`,
  ).catch(() => {})
}

/** `2026-01-31 12:00:00,123 WARNING text`, as Python's logging writes it. */
export async function log({ err }: Context, level: 'DEBUG' | 'WARNING', text: string): Promise<void> {
  const now = new Date()
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString()
  await err.line(
    `${local.slice(0, 10)} ${local.slice(11, 19)},${local.slice(20, 23)} ${level} ${visible(text)}`,
  )
}

/** Host and port of a URL; nothing of its login. */
function place(url: string): string {
  const authority = /^[^:]+:\/\/([^/?#]*)/.exec(url)?.[1]
  return visible(authority === undefined ? url : authority.slice(authority.lastIndexOf('@') + 1))
}
