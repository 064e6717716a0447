/** Options of a console, checked before anything is opened. */
import { checkKnownKeys } from '../core/options/known-keys.ts'
import { type ConnectOptions, MessagingError } from '../index.ts'
import { isLoopback } from './http/listen.ts'
import type { ConsoleOptions } from './options.ts'

export interface Plan {
  readonly connections: ReadonlyMap<string, ConnectOptions>
  readonly production: readonly string[]
  readonly write: boolean
  readonly bodies: boolean
}

const KNOWN = [
  'connections',
  'addresses',
  'write',
  'bodies',
  'port',
  'host',
  'password',
  'passwordFile',
  'production',
  'log',
] as const satisfies readonly (keyof ConsoleOptions)[]

/** @throws `CONFIG_INVALID` */
export function checked(options: ConsoleOptions): Plan {
  checkKnownKeys(options, KNOWN, 'createConsole()')
  const { connections, production = [], host, password, passwordFile, port = 0 } = options
  const entries = Object.entries(connections ?? {})
  if (entries.length === 0) throw wrong('there are no connections', 'Give connections: { name: url }.')
  const unknown = production.find((name) => !Object.hasOwn(connections, name))
  if (unknown !== undefined) throw wrong(`production: there is no connection '${unknown}'`)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw wrong('port is no number from 0 to 65535')
  if (password !== undefined && passwordFile !== undefined)
    throw wrong('password and passwordFile cannot be given together')
  if (password === '') throw wrong('password is empty')
  if (host !== undefined && !isLoopback(host) && password === undefined && passwordFile === undefined) {
    throw wrong(
      `host ${host} can be reached from other machines: it needs a password`,
      'Give --password-file, or leave --host out. The page goes over the network in clear: put TLS in front of it.',
    )
  }
  return {
    connections: new Map(
      entries.map(([name, given]) => [name, typeof given === 'string' ? { url: given } : given]),
    ),
    production,
    write: options.write ?? false,
    bodies: options.bodies ?? true,
  }
}

function wrong(text: string, hint?: string): MessagingError {
  return new MessagingError('CONFIG_INVALID', `createConsole(): ${text}`, { hint })
}
