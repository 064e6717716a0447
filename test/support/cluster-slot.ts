/** One hash slot of a Redis Cluster, moved between its masters as an operator would. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'

const run = promisify(execFile)

interface Master {
  readonly id: string
  readonly port: number
  readonly client: Redis
}

export class ClusterSlot implements AsyncDisposable {
  readonly slot: number
  readonly #password: string
  readonly #masters: readonly Master[]
  #owner: Master

  /** `urls`: every master's, separated by commas. */
  static async of(urls: string, key: string): Promise<ClusterSlot> {
    const password = decodeURIComponent(new URL(urls.split(',')[0]!).password)
    const masters = await Promise.all(
      urls.split(',').map(async (url) => {
        const client = new Redis(url, { protocol: 2 })
        const id = String(await client.cluster('MYID'))
        return { id, port: Number(new URL(url).port), client }
      }),
    )
    const slot = Number(await masters[0]!.client.cluster('KEYSLOT', key))
    const ranges = await masters[0]!.client.cluster('SLOTS')
    const [, , owner] = ranges.find(([first, last]) => first <= slot && slot <= last)!
    return new ClusterSlot(slot, password, masters, masters.find(({ port }) => port === owner![1])!)
  }

  private constructor(slot: number, password: string, masters: readonly Master[], owner: Master) {
    this.slot = slot
    this.#password = password
    this.#masters = masters
    this.#owner = owner
  }

  /** Where the slot is now. */
  get owner(): Redis {
    return this.#owner.client
  }

  /** Where it goes next. */
  get target(): Redis {
    return this.#other.client
  }

  get #other(): Master {
    return this.#masters.find((master) => master !== this.#owner)!
  }

  /** From now on its keys may lie at either master. */
  async open(): Promise<void> {
    await this.target.cluster('SETSLOT', this.slot, 'IMPORTING', this.#owner.id)
    await this.owner.cluster('SETSLOT', this.slot, 'MIGRATING', this.#other.id)
  }

  /** Moves one key; `false`: none was left. A key that is at both masters already is an error. */
  async moveKey(): Promise<boolean> {
    const [key] = (await this.owner.cluster('GETKEYSINSLOT', this.slot, 1)) as string[]
    if (key === undefined) return false
    await this.owner.call(
      'MIGRATE',
      '127.0.0.1',
      this.#other.port,
      '',
      0,
      5000,
      'AUTH',
      this.#password,
      'KEYS',
      key,
    )
    return true
  }

  /** Ends a move: the target has the slot. */
  async close(): Promise<void> {
    const { id } = this.#other
    const rest = this.#masters.filter((master) => master !== this.#owner && master !== this.#other)
    for (const { client } of [this.#other, this.#owner, ...rest])
      await client.cluster('SETSLOT', this.slot, 'NODE', id)
    this.#owner = this.#other
  }

  /** A whole move, key by key. `between` runs behind each of them. */
  async move(between: () => Promise<unknown> = async () => {}): Promise<void> {
    await this.open()
    while (await this.moveKey()) await between()
    await this.close()
  }

  /** A whole move by the usual tool with its defaults. `cli`: path of redis-cli. The slot must be the first that its master has. */
  async reshard(cli: string): Promise<void> {
    const [from, to] = [this.#owner, this.#other]
    const args = [
      '--cluster',
      'reshard',
      `127.0.0.1:${from.port}`,
      '--cluster-from',
      from.id,
      '--cluster-to',
      to.id,
    ]
    await run(cli, [...args, '--cluster-slots', '1', '--cluster-yes'], {
      env: { ...process.env, REDISCLI_AUTH: this.#password },
    })
    this.#owner = to
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#masters) client.disconnect()
  }
}
