/** Puts a console together: sockets, guard, sessions, brokers, and the calls of the page. */
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import manifest from '../../package.json' with { type: 'json' }
import { MessagingError } from '../index.ts'
import { Acts } from './acts/acts.ts'
import { Tasks } from './acts/tasks.ts'
import { Brokers } from './brokers/brokers.ts'
import { checked, type Plan } from './check-options.ts'
import { told } from './errors.ts'
import { createApp } from './http/app.ts'
import { loadAssets } from './http/assets.ts'
import { Front, requestFacts } from './http/front.ts'
import { listen } from './http/listen.ts'
import type { Console, ConsoleOptions } from './options.ts'
import { Audit } from './session/audit.ts'
import { Entrance } from './session/entrance.ts'
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
  const entrance = new Entrance(server.origin, new Sessions(server.port), password, audit)
  const running = run(plan, audit)
  const app = createApp({
    ...running,
    assets,
    secrets,
    entrance,
    session: {
      version: manifest.version,
      write: plan.write,
      bodies: plan.bodies,
      addresses: options.addresses ?? {},
    },
    failed(request, error) {
      const { status, body } = told(error)
      const { code, message } = body
      audit.write({ ...requestFacts(request), status, refused: code, why: message }, error)
      if (status === 500)
        audit.write({ defect: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    },
  })
  const calls = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const front = new Front(server.hosts, entrance, audit, calls)
  handle = (request, response) => front.handle(request, response)

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
  return { url: entrance.address(), close, [Symbol.asyncDispose]: close }
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
  const text = password ?? (passwordFile === undefined ? undefined : await textOf(passwordFile))
  const line = text?.split(/\r?\n/, 1)[0]
  if (line === undefined) return undefined
  // Everybody would know it.
  if (line.trim() === '')
    throw new MessagingError(
      'CONFIG_INVALID',
      `createConsole(): ${password === undefined ? 'the first line of passwordFile' : 'password'} is empty`,
    )
  secrets.addText(line)
  return Password.of(line)
}

async function textOf(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/^\ufeff/, '')
  } catch (cause) {
    throw new MessagingError('CONFIG_INVALID', 'createConsole(): passwordFile cannot be read', {
      cause,
      hint: 'Name a file whose first line is the password.',
    })
  }
}
