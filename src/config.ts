/**
 * Where `connect` gets its options from: the call, `SLUICE_URL`, or `sluice.config.json` / `.ts` with named connections
 * and addresses, so that a deployment swaps brokers without touching code.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { NativeOptionsOf } from './adapters/native-types.ts'
import { CONNECT_OPTIONS, type GeneralConnectOptions } from './api/link/connect-options.ts'
import { checkKnownKeys } from './core/options/known-keys.ts'
import { nearest } from './core/options/nearest.ts'
import { isRecord } from './core/options/typed.ts'
import { MessagingError } from './model/errors.ts'

/** Options of `connect()`; only `url` must be there. The adapter that the URL names says of which type `native` is. */
export interface ConnectOptions<Url extends string = string> extends GeneralConnectOptions<Url> {
  /** The adapter's own options; see its README. */
  native?: NativeOptionsOf<Url> | undefined
}

/**
 * A connection in a configuration: a URL, or options. `passwordEnv` and `passwordFile` keep the secret elsewhere. `production`: the
 * console asks for the name of the node before it changes anything there.
 */
export type ConfiguredConnection =
  | string
  | (Omit<ConnectOptions, 'signal'> & { passwordEnv?: string; passwordFile?: string; production?: boolean })

/** Content of `sluice.config.json`, or the default export of `sluice.config.ts`. */
export interface Configuration {
  /** By name; `default` is taken when `connect()` is given none. */
  connections?: Readonly<Record<string, ConfiguredConnection>>
  /** Address strings by name, usable as `@name` in the command line tools. */
  addresses?: Readonly<Record<string, string>>
}

const FILES = ['sluice.config.json', 'sluice.config.js', 'sluice.config.mjs', 'sluice.config.ts']

/**
 * Gives a configuration its type.
 *
 * @example
 * ```ts
 * export default defineConfig({
 *   connections: { default: { url: 'rabbitmq://app@mq.example.org', passwordEnv: 'MQ_PASSWORD' } },
 *   addresses: { orders: 'orders; {create: always}' },
 * })
 * ```
 */
export function defineConfig(configuration: Configuration): Configuration {
  return configuration
}

/**
 * The configuration of the working directory (or `SLUICE_CONFIG`); empty when there is none.
 *
 * @example
 * ```ts
 * const { connections = {} } = await loadConfiguration()
 * console.log(Object.keys(connections))
 * ```
 */
export async function loadConfiguration(): Promise<Configuration> {
  const named = process.env.SLUICE_CONFIG
  const path = named
    ? resolve(named)
    : FILES.map((name) => resolve(name)).find((candidate) => existsSync(candidate))
  if (path === undefined) return {}
  let configuration: unknown
  try {
    configuration = path.endsWith('.json')
      ? JSON.parse(await readFile(path, 'utf8'))
      : ((await import(pathToFileURL(path).href)) as { default: unknown }).default
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    throw invalid(
      `${path} cannot be read: ${text}`,
      cause,
      path.endsWith('.ts') ? typescriptHint(cause) : undefined,
    )
  }
  if (typeof configuration !== 'object' || configuration === null) throw invalid(`${path} holds no object`)
  checkKnownKeys(configuration, ['connections', 'addresses'], path)
  return configuration as Configuration
}

/**
 * From what `connect` was given to full options.
 *
 * @example
 * ```ts
 * const options = await resolveConfiguration('default')
 * const connection = await connect({ ...options, clientName: 'billing' })
 * ```
 */
export async function resolveConfiguration(
  to: string | URL | ConnectOptions | undefined,
): Promise<ConnectOptions> {
  if (isRecord(to)) return to instanceof URL ? { url: to.href } : to
  if (typeof to === 'object')
    throw new TypeError('connect() takes a URL or options; several URLs go into { url: [...] }')
  if (to !== undefined && typeof to !== 'string') throw new TypeError('connect() takes a URL or options')
  if (to?.includes(':')) return { url: to }
  if (to === undefined && process.env.SLUICE_URL) return { url: process.env.SLUICE_URL }
  return namedConnection(to ?? 'default', to === undefined)
}

async function namedConnection(name: string, implicit: boolean): Promise<ConnectOptions> {
  const { connections = {} } = await loadConfiguration()
  const entry = Object.hasOwn(connections, name) ? connections[name] : undefined
  if (entry === undefined) {
    if (implicit)
      throw invalid(
        'connect(): no URL given, SLUICE_URL is not set, and there is no sluice.config with a default connection',
        undefined,
        'Give a URL such as rabbitmq://localhost, or memory: for the embedded broker.',
      )
    const near = nearest(name, Object.keys(connections))
    throw invalid(
      `connect(): '${name}' is no URL and no connection of the configuration${near ? `; did you mean '${near}'?` : ''}`,
      undefined,
      'A URL begins with its scheme, as in memory: or rabbitmq://localhost.',
    )
  }
  if (typeof entry === 'string') return { url: entry }
  checkKnownKeys(
    entry,
    [...CONNECT_OPTIONS, 'passwordEnv', 'passwordFile', 'production'],
    `connection '${name}'`,
  )
  const { passwordEnv, passwordFile, production: _, ...options } = entry
  if (passwordEnv !== undefined) {
    const password = process.env[passwordEnv]
    if (password === undefined) throw invalid(`connection '${name}': the environment has no ${passwordEnv}`)
    return { ...options, password }
  }
  if (passwordFile !== undefined) {
    const password = await readFile(passwordFile, 'utf8').catch((cause) => {
      throw invalid(`connection '${name}': passwordFile cannot be read`, cause)
    })
    return { ...options, password: password.replace(/\r?\n$/, '') }
  }
  return options
}

/** Which Node reads TypeScript, and how much of it. */
function typescriptHint(cause: unknown): string | undefined {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `Node ${process.versions.node} does not read TypeScript: use Node 22.18 or newer, run with 'node --import tsx', or write sluice.config.json or .mjs instead.`
  }
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
    return 'Node only strips types: leave out enums, namespaces and parameter properties.'
  return undefined
}

function invalid(text: string, cause?: unknown, hint?: string): MessagingError {
  return new MessagingError('CONFIG_INVALID', text, { cause, ...(hint !== undefined && { hint }) })
}
