/** A console of the test's own and plain clients for it: node:http, which sends whatever it is told. */
import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { type ConsoleOptions, createConsole } from '../../src/console/index.ts'
import type { Act, ActResult, StreamEvent, TaskView, WatchRequest } from '../../src/console/protocol.ts'
import { eventually } from '../support/eventually.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
  /** Of JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: what the test says it is
  readonly json: any
}

export interface Sent {
  readonly method?: string
  readonly path: string
  /** Instead of those that the page sends. */
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Uint8Array
}

export class TestConsole implements AsyncDisposable {
  readonly log: string[] = []
  readonly #close: () => Promise<void>
  readonly url: string
  readonly port: number
  readonly origin: string
  /** `name=value`, once it is in. */
  cookie = ''

  private constructor(url: string, close: () => Promise<void>, log: string[]) {
    this.url = url
    this.#close = close
    this.log = log
    this.origin = new URL(url).origin
    this.port = Number(new URL(url).port)
  }

  /** Starts one, and goes in by its link unless it has a password. */
  static async start(options: Omit<ConsoleOptions, 'log'>): Promise<TestConsole> {
    const log: string[] = []
    const { url, close } = await createConsole({ ...options, log: (line) => void log.push(line) })
    const started = new TestConsole(url, close, log)
    if (options.password === undefined && options.passwordFile === undefined) await started.enter()
    return started
  }

  async enter(url = this.url): Promise<void> {
    const { headers } = await this.raw({ path: url.slice(this.origin.length), headers: {} })
    this.cookie = headers['set-cookie']![0]!.split(';')[0]!
  }

  /** The headers of every call of the page. */
  get own(): OutgoingHttpHeaders {
    return { cookie: this.cookie, 'sluice-console': '1', 'sec-fetch-site': 'same-origin' }
  }

  /** Sends exactly this. */
  raw({ method = 'GET', path, headers = {}, body }: Sent): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sending = request(
        { host: '127.0.0.1', port: this.port, method, path, headers, agent: false },
        (response) => read(response).then(resolve, reject),
      )
      sending.on('error', reject)
      sending.end(body)
    })
  }

  get(path: string): Promise<Answer> {
    return this.raw({ path, headers: this.own })
  }

  post(path: string, body: unknown): Promise<Answer> {
    const json = JSON.stringify(body)
    const headers = {
      ...this.own,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(json),
    }
    return this.raw({ method: 'POST', path, headers, body: json })
  }

  /** What a call answers; fails the test when it is refused. */
  async got<T>(path: string): Promise<T> {
    return expected(await this.get(path))
  }

  async posted<T>(path: string, body: unknown): Promise<T> {
    return expected(await this.post(path, body))
  }

  /** Resolves when a broker is connected to. */
  async connected(...names: string[]): Promise<void> {
    await eventually(
      async () => {
        const views = await this.got<{ name: string; state: string }[]>('/api/brokers')
        return names.every((name) => views.find((view) => view.name === name)?.state === 'connected')
      },
      { timeoutMs: 30_000, what: `connections to ${names.join(', ')}` },
    )
  }

  /** Does it, and waits for the end where it is a task. */
  async done(act: Act, timeoutMs = 15_000): Promise<ActResult & { readonly task?: TaskView }> {
    const result = await this.posted<ActResult>('/api/acts', act)
    if (result.done || !result.task) return result
    const { id } = result.task
    const task = await eventually(
      async () => {
        const { tasks } = await this.got<{ tasks: TaskView[] }>('/api/tasks')
        return tasks.find((view) => view.id === id && view.state !== 'running')
      },
      { timeoutMs, what: `the end of ${act.act}` },
    )
    return { ...result, task }
  }

  /** One tab. */
  stream(): Promise<TestStream> {
    return TestStream.open(this)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }
}

export class TestStream implements AsyncDisposable {
  readonly events: StreamEvent[] = []
  readonly response: IncomingMessage
  readonly #console: TestConsole

  private constructor(console: TestConsole, response: IncomingMessage) {
    this.#console = console
    this.response = response
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const parts = text.split('\n\n')
      text = parts.pop()!
      for (const part of parts) {
        const data = part.split('\n').find((line) => line.startsWith('data: '))
        if (data) this.events.push(JSON.parse(data.slice(6)))
      }
    })
    response.on('error', () => {})
  }

  /** Rejects when it is refused. */
  static open(console: TestConsole): Promise<TestStream> {
    return new Promise((resolve, reject) => {
      const opening = request(
        { host: '127.0.0.1', port: console.port, path: '/api/stream', headers: console.own, agent: false },
        (response) => {
          if (response.statusCode === 200) return resolve(new TestStream(console, response))
          response.destroy()
          reject(new Error(`refused with ${response.statusCode}`))
        },
      )
      opening.on('error', reject)
      opening.end()
    })
  }

  async watch(watched: WatchRequest): Promise<Answer> {
    const { id } = await this.first('hello')
    return this.#console.post(`/api/stream/${id}/watch`, watched)
  }

  /** The first event of that name that fits. */
  first<Name extends StreamEvent['event']>(
    name: Name,
    fits: (event: Extract<StreamEvent, { event: Name }>) => boolean = () => true,
  ): Promise<Extract<StreamEvent, { event: Name }>> {
    return eventually(
      () =>
        this.events.find(
          (event): event is Extract<StreamEvent, { event: Name }> =>
            event.event === name && fits(event as Extract<StreamEvent, { event: Name }>),
        ),
      { timeoutMs: 15_000, what: `an event ${name}` },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.response.destroy()
  }
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const text = bytes.toString()
  return {
    status: response.statusCode!,
    headers: response.headers,
    bytes,
    text,
    get json() {
      return JSON.parse(text)
    },
  }
}

function expected<T>(answer: Answer): T {
  if (answer.status === 200) return answer.json
  throw new Error(`${answer.status}: ${answer.text}`)
}
