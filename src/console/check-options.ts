/** Options of a console, checked before anything is opened. */
import { checkKnownKeys } from '../core/options/known-keys.ts'
import { checkObject, checkType } from '../core/options/typed.ts'
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

const CALL = 'createConsole()'

/** @throws `CONFIG_INVALID`, `TypeError` on a wrong type: the word 'false' must not open what it means to shut */
export function checked(options: ConsoleOptions): Plan {
  checkObject(CALL, 'the argument', options ?? null)
  checkKnownKeys(options, KNOWN, CALL)
  for (const name of ['write', 'bodies'] as const) checkType(CALL, name, options[name], 'boolean')
  for (const name of ['host', 'password', 'passwordFile'] as const)
    checkType(CALL, name, options[name], 'string')
  for (const name of ['connections', 'addresses'] as const) checkObject(CALL, name, options[name])
  checkType(CALL, 'log', options.log, 'function')
  const { connections, production = [], host, password, passwordFile, port = 0 } = options
  if (!Array.isArray(production)) throw new TypeError(`${CALL}: production is no list of names`)
  if (host === '') throw wrong('host is empty')
  const entries = Object.entries(connections ?? {})
  if (entries.length === 0) throw wrong('there are no connections', 'Give connections: { name: url }.')
  const unknown = production.find((name) => !Object.hasOwn(connections, name))
  if (unknown !== undefined) throw wrong(`production: there is no connection '${unknown}'`)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw wrong('port is no number from 0 to 65535')
  if (password !== undefined && passwordFile !== undefined)
    throw wrong('password and passwordFile cannot be given together')
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
  return new MessagingError('CONFIG_INVALID', `${CALL}: ${text}`, { hint })
}
