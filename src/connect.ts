/** The switchboard: the only file that knows both the API and the adapters. */
import type { NativeOf } from './adapters/native-types.ts'
import { adapterFor, isSecure } from './adapters/registry.ts'
import type { Connection } from './api/connection.ts'
import { connectPlan, urlsOf } from './api/link/connect-options.ts'
import { LinkHost } from './api/link/link-host.ts'
import { LiveConnection } from './api/live-connection.ts'
import { CopySenders } from './api/send/copy-senders.ts'
import { type ConnectOptions, resolveConfiguration } from './config.ts'
import { MessagingError } from './model/errors.ts'

/**
 * Connects to a broker.
 *
 * Takes a URL, options, the name of a connection in `sluice.config.json` or `.ts`, or nothing: then `SLUICE_URL`, or the configuration's
 * `default` connection, is used. Resolves when the broker has accepted the login. Where the URL is written out in the program, its scheme
 * says of which types `native` among the options and `connection.native` are.
 *
 * @throws `CONNECT_FAILED`, `UNAUTHENTICATED` within `connectTimeoutMs` (10 s), `CONFIG_INVALID`, `CLIENT_LIBRARY_MISSING`, `ABORTED`
 * @example
 * await using connection = await connect('rabbitmq://localhost')
 * await connection.send(queue('orders'), { id: 7 })
 */
export async function connect<const Url extends string = string>(
  to?: Url | URL | ConnectOptions<Url>,
): Promise<Connection<NativeOf<Url>>>
export async function connect(
  to?: string | URL | ConnectOptions,
  // Not of the signature: for programs without types that have another library's call in mind.
  ...further: readonly unknown[]
): Promise<Connection> {
  refuseFurtherOptions(further[0])
  const options = await resolveConfiguration(to)
  const plan = connectPlan(options)
  const urls = urlsOf(options)
  const adapters = await Promise.all(urls.map((url) => adapterFor(url)))
  const adapter = adapters[0]!
  if (adapters.some((other) => other !== adapter)) {
    throw new MessagingError(
      'CONFIG_INVALID',
      'connect(): the URLs of a fail-over list must be for the same kind of broker',
    )
  }
  // A login that goes out encrypted must not go out in clear because a broker is away.
  if (urls.some(isSecure) && !urls.every(isSecure)) {
    throw new MessagingError(
      'CONFIG_INVALID',
      'connect(): some URLs of the fail-over list are for TLS, some for clear text',
      { hint: 'Give all of them the scheme with TLS, or none.', context: { option: 'url' } },
    )
  }
  const host = new LinkHost(adapter, plan, (links) => new CopySenders(links))
  try {
    for (const target of plan.targets) adapter.validate(target)
    await host.start(options.signal)
  } catch (error) {
    await host.close(0)
    throw host.named(error)
  }
  return new LiveConnection(host)
}

/** Options that stood beside the URL would be lost. Anything else there is none, as in `urls.map(connect)`. */
function refuseFurtherOptions(given: unknown): void {
  if (typeof given !== 'object' || given === null) return
  throw new MessagingError(
    'CONFIG_INVALID',
    'connect() takes one argument: a URL, or options with the URL in them',
    {
      hint: 'Write connect({ url, ...options }).',
      context: { operation: 'connect' },
    },
  )
}
