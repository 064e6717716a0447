/** A redis-server with settings that only a start can give: sockets, renamed commands, limits. No login, in memory. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { find } from '../../../scripts/brokers/commands.ts'
import { freePorts } from '../../support/free-ports.ts'

export class RedisServer implements AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Where it listens beside its port. */
  readonly socket: string
  /** As the default user; may do everything that was not renamed. */
  readonly admin: Redis
  readonly #process: ChildProcess
  readonly #folder: string

  /** `settings` as on its command line, without the dashes. */
  static async start(
    settings: readonly (readonly [name: string, ...values: string[]])[] = [],
  ): Promise<RedisServer> {
    const port = await freePorts(1)
    const folder = await mkdtemp(join(tmpdir(), 'sluice-redis-'))
    const socket = join(folder, 'redis.sock')
    const all = [
      ['port', String(port)],
      ['bind', '127.0.0.1'],
      ['unixsocket', socket],
      ['dir', folder],
      ['save', ''],
      ['appendonly', 'no'],
      ...settings,
    ]
    const command = find('redis-server')
    if (command === undefined) throw new Error('There is no redis-server: npm run brokers -- up redis')
    const child = spawn(
      command,
      all.flatMap(([name, ...values]) => [`--${name}`, ...values]),
      { stdio: 'ignore' },
    )
    const admin = new Redis(socket, {
      protocol: 2,
      retryStrategy: () => 20,
      maxRetriesPerRequest: null,
      enableReadyCheck: false,
    })
    // Until it listens.
    admin.on('error', () => {})
    const server = new RedisServer(port, socket, admin, child, folder)
    await Promise.race([
      admin.echo('up'),
      once(child, 'exit').then(() => Promise.reject(new Error('redis-server ended at once'))),
    ])
    return server
  }

  private constructor(port: number, socket: string, admin: Redis, process: ChildProcess, folder: string) {
    this.url = `redis://127.0.0.1:${port}`
    this.port = port
    this.socket = socket
    this.admin = admin
    this.#process = process
    this.#folder = folder
  }

  /** A user with these rules, and the URL for it. */
  async user(name: string, ...rules: string[]): Promise<string> {
    await this.admin.call('ACL', 'SETUSER', name, 'reset', 'on', '>secret', ...rules)
    return `redis://${name}:secret@127.0.0.1:${this.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.admin.disconnect()
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
    await rm(this.#folder, { recursive: true, force: true })
  }
}
