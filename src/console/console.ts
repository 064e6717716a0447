/** Puts a console together: sockets, guard, sessions, brokers, and the calls of the page. */
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import manifest from '../../package.json' with { type: 'json' }
import { Acts } from './acts/acts.ts'
import { Tasks } from './acts/tasks.ts'
import { Brokers } from './brokers/brokers.ts'
import { checked, type Plan } from './check-options.ts'
import { Refused, told } from './errors.ts'
import { createApp } from './http/app.ts'
import { loadAssets } from './http/assets.ts'
import { pathOf, type Refusal, refusalOf, valuesOf } from './http/guard.ts'
import { setHeaders } from './http/headers.ts'
import { listen } from './http/listen.ts'
import type { Console, ConsoleOptions } from './options.ts'
import { Audit } from './session/audit.ts'
import { Password } from './session/password.ts'
import { Secrets } from './session/secrets.ts'
import { Sessions } from './session/sessions.ts'
import { Streams } from './stream/streams.ts'

export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const plan = checked(options)
  const secrets = new Secrets()
  for (const connection of plan.connections.values()) secrets.add(connection)
  const audit = new Audit(options.log, secrets)
  const password = await passwordOf(options, secrets)
  const assets = await loadAssets()
  // Requests that come before everything is there find nothing of it.
  let handle = (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(503).end()
  }
  const server = await listen(options.host, options.port ?? 0, (request, response) =>
    handle(request, response),
  )
  const sessions = new Sessions(server.port)
  const running = run(plan, audit)

  const app = createApp({
    assets,
    secrets,
    brokers: running.brokers,
    streams: running.streams,
    tasks: running.tasks,
    acts: running.acts,
    session: {
      version: manifest.version,
      write: plan.write,
      bodies: plan.bodies,
      addresses: options.addresses ?? {},
    },
    login: password ? 'password' : 'link',
    sessionOf: (request) => sessions.of(valuesOf(request, 'cookie')),
    async enter(text) {
      if (!password) throw new Refused(403, 'FORBIDDEN', 'This console has no password', { login: 'link' })
      if (await password.fits(text)) {
        audit.write({ entered: 'by password' })
        return sessions.begin()
      }
      throw new Refused(401, 'UNAUTHENTICATED', 'The password is wrong', { login: 'password' })
    },
    newLink() {
      if (password) throw new Refused(403, 'FORBIDDEN', 'This console is entered by its password')
      return linkOf(server.origin, sessions.newKey())
    },
    failed(request, error) {
      const { status, body } = told(error)
      const { code, message } = body
      audit.write({ ...facts(request), status, refused: code, why: message }, error)
      if (status === 500)
        audit.write({ defect: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    },
  })
  const calls = getRequestListener(app.fetch, { overrideGlobalObjects: false })

  handle = (request, response) => {
    setHeaders(response)
    const refusal = refusalOf(request, server.hosts)
    if (refusal) return refuse(request, response, refusal)
    const key = keyOf(request)
    if (key === undefined) return void calls(request, response)
    const cookie = sessions.exchange(key)
    if (cookie) {
      audit.write({ ...facts(request), entered: 'by link' })
      response.writeHead(303, { location: '/', 'set-cookie': cookie }).end()
    } else if (sessions.of(valuesOf(request, 'cookie'))) {
      // Who is in and comes by the old link again, by the button «back» for example.
      response.writeHead(303, { location: '/' }).end()
    } else refuse(request, response, { status: 403, reason: 'the link was used, or is none of this console' })
  }

  function refuse(request: IncomingMessage, response: ServerResponse, { status, reason }: Refusal): void {
    audit.write({ ...facts(request), status, refused: reason })
    const body = JSON.stringify({ code: 'FORBIDDEN', message: `Refused: ${reason}` })
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(status === 405 && { allow: 'GET, HEAD, POST' }),
      connection: 'close',
    })
    response.end(body)
  }

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      running.streams.close()
      await running.tasks.close()
      await server.close()
      await running.brokers.close()
    })()
    return closing
  }
  const url = password ? `${server.origin}/` : linkOf(server.origin, sessions.newKey())
  return { url, close, [Symbol.asyncDispose]: close }
}

function run({ connections, production, write, bodies }: Plan, audit: Audit) {
  let streams: Streams | undefined
  const brokers = new Brokers(connections, production, () => streams?.tellBrokers(brokers.views))
  streams = new Streams(brokers, bodies)
  const tasks = new Tasks(
    (view) => streams.tellTask(view),
    ({ act, text, error }) =>
      audit.write({ act, task: text, ended: 'failed', refused: error?.code, why: error?.message }),
  )
  return { brokers, streams, tasks, acts: new Acts({ write, bodies, brokers, tasks, audit }) }
}

async function passwordOf(
  { password, passwordFile }: ConsoleOptions,
  secrets: Secrets,
): Promise<Password | undefined> {
  const text = password ?? (passwordFile === undefined ? undefined : await readFile(passwordFile, 'utf8'))
  const line = text?.split(/\r?\n/, 1)[0]
  if (line === undefined) return undefined
  secrets.addText(line)
  return Password.of(line)
}

function linkOf(origin: string, key: string): string {
  return `${origin}/?token=${key}`
}

/** Of the address of the page alone. */
function keyOf({ method, url = '' }: IncomingMessage): string | undefined {
  if (method !== 'GET' || pathOf(url) !== '/') return undefined
  return new URLSearchParams(url.slice(1)).get('token') ?? undefined
}

/** What the log says of a request; the query may hold a key. */
function facts(request: IncomingMessage): Record<string, unknown> {
  const { method, url = '', socket } = request
  return {
    method,
    path: pathOf(url),
    host: request.headers.host,
    origin: request.headers.origin,
    from: socket.remoteAddress,
  }
}
