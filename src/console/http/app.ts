/** The calls of the page, by path and method. Who asks, and from where, was looked at before (guard.ts). */
import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { stream } from 'hono/streaming'
import { actOf } from '../acts/act-shapes.ts'
import type { Acts } from '../acts/acts.ts'
import type { Tasks } from '../acts/tasks.ts'
import type { Broker } from '../brokers/broker.ts'
import { type Brokers, capabilitiesView } from '../brokers/brokers.ts'
import { apiError, invalid, Refused, told } from '../errors.ts'
import { browsePage, messageAt } from '../messages/browse.ts'
import { compareNodes } from '../messages/compare.ts'
import { deadLetters } from '../messages/dead-letters.ts'
import { nodeDetail } from '../nodes/detail.ts'
import type { SessionView } from '../protocol.ts'
import type { Entrance } from '../session/entrance.ts'
import type { Secrets } from '../session/secrets.ts'
import type { Session } from '../session/sessions.ts'
import type { Streams } from '../stream/streams.ts'
import type { Assets } from './assets.ts'
import {
  bodyRequest,
  browseRequest,
  compareRequest,
  deadLettersRequest,
  loginRequest,
  nodesQuery,
  watchRequest,
} from './call-shapes.ts'
import { ACT_BYTES, CALL_BYTES, readJson } from './json-body.ts'
import type { Shape } from './shapes.ts'

/** What the calls stand on. */
export interface Services {
  readonly assets: Assets
  readonly session: SessionView
  readonly brokers: Brokers
  readonly streams: Streams
  readonly tasks: Tasks
  readonly acts: Acts
  readonly secrets: Secrets
  readonly entrance: Entrance
  /** For the log. */
  failed(request: IncomingMessage, error: unknown): void
}

interface Environment {
  Bindings: HttpBindings
  Variables: { session: Session }
}

type Call = Context<Environment>
type App = Hono<Environment>

export function createApp(services: Services): App {
  const app: App = new Hono<Environment>({ strict: true })
  answersOfFailures(app, services)
  for (const [path, { type, content }] of services.assets)
    app.get(path, (c) => c.body(content, 200, { 'content-type': type }))
  entering(app, services)
  looking(app, services)
  acting(app, services)
  following(app, services)
  return app
}

function answersOfFailures(app: App, services: Services): void {
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) =>
        c.json({ code: 'FORBIDDEN', message: 'This path has no such method' }, 405, {
          Allow: methods.join(', '),
        }),
    }),
  )
  app.onError((error, c) => {
    const { incoming } = c.env
    services.failed(incoming, error)
    const { status, body } = told(error)
    // What is left of a body that was too large is not read.
    if (!incoming.complete) c.header('connection', 'close')
    return c.json({ ...body, message: services.secrets.hidden(body.message) }, status as 400)
  })
  app.notFound((c) => c.json({ code: 'NOT_FOUND', message: 'There is nothing here' }, 404))
}

/** order: what is added to the app behind this is for those who are in. */
function entering(app: App, { entrance, session }: Services): void {
  app.post('/api/login', async (c) => {
    const { password } = await read(c, loginRequest)
    c.header('set-cookie', await entrance.enter(password))
    return c.body(null, 204)
  })
  app.use('/api/*', async (c, next) => {
    const known = entrance.sessionOf(c.env.incoming)
    if (!known) {
      const { login } = entrance
      const hint =
        login === 'password'
          ? 'Enter the password.'
          : 'Open the link that sluice console has printed; it works once.'
      throw new Refused(401, 'UNAUTHENTICATED', 'You are not in', { hint, login })
    }
    c.set('session', known)
    await next()
  })
  app.get('/api/session', (c) => c.json(session))
  app.post('/api/link', (c) => c.json({ url: entrance.newLink() }))
}

function looking(app: App, { brokers, session: { bodies }, secrets }: Services): void {
  const brokerOf = (c: Call): Broker => brokers.get(c.req.param('broker') ?? '')
  app.get('/api/brokers', (c) => c.json(brokers.views))
  app.get('/api/brokers/:broker/capabilities', (c) => c.json(capabilitiesView(brokerOf(c))))
  app.get('/api/brokers/:broker/nodes', async (c) =>
    c.json(await brokerOf(c).nodes.page(nodesQuery(c.req.query(), ''))),
  )
  app.get('/api/brokers/:broker/nodes/:address', async (c) =>
    c.json(await nodeDetail(brokerOf(c), c.req.param('address'), secrets)),
  )
  app.post('/api/brokers/:broker/browse', async (c) =>
    c.json(await browsePage(brokerOf(c), await read(c, browseRequest), bodies, c.req.raw.signal)),
  )
  app.post('/api/brokers/:broker/body', async (c) => {
    if (!bodies) throw new Refused(403, 'FORBIDDEN', 'Bodies are hidden here')
    const { bytes } = await messageAt(brokerOf(c), await read(c, bodyRequest), c.req.raw.signal)
    return c.body(new Uint8Array(bytes), 200, {
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="message.bin"',
    })
  })
  app.post('/api/brokers/:broker/dead-letters', async (c) =>
    c.json(await deadLetters(brokerOf(c), await read(c, deadLettersRequest), c.req.raw.signal)),
  )
  app.post('/api/compare', async (c) => {
    const { left, right, disturb } = await read(c, compareRequest)
    const side = (place: typeof left) => ({ broker: brokers.get(place.broker), address: place.address })
    return c.json(await compareNodes(side(left), side(right), { disturb }, bodies, c.req.raw.signal))
  })
}

function acting(app: App, { acts, tasks }: Services): void {
  app.post('/api/acts', async (c) => {
    const act = await read(c, actOf, ACT_BYTES)
    const { remoteAddress } = c.env.incoming.socket
    return c.json(await acts.do(act, { session: c.get('session').name, from: remoteAddress }))
  })
  app.get('/api/tasks', (c) => c.json({ tasks: tasks.views }))
  app.post('/api/tasks/:id/stop', (c) => c.json(tasks.stop(c.req.param('id'))))
}

function following(app: App, { streams, tasks }: Services): void {
  app.get('/api/stream', (c) => {
    const tab = streams.open(c.get('session'), tasks.views)
    c.header('content-type', 'text/event-stream')
    c.header('x-accel-buffering', 'no')
    return stream(c, async (out) => {
      out.onAbort(() => tab.close())
      await tab.run((text) => out.write(text))
      tab.close()
    })
  })
  app.post('/api/stream/:id/watch', async (c) => {
    streams.watch(c.get('session'), c.req.param('id'), await read(c, watchRequest))
    return c.body(null, 204)
  })
}

async function read<T>(c: Call, shape: Shape<T>, maxBytes = CALL_BYTES): Promise<T> {
  try {
    return shape(await readJson(c.env.incoming, maxBytes), '')
  } catch (error) {
    if (error instanceof Refused) throw error
    throw invalid(apiError(error).message)
  }
}
