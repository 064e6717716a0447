/** The Redis adapter driven through its contract, with a bare ioredis beside it. */
import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { redisAdapter } from '../../../src/adapters/redis/adapter.ts'
import { Keys } from '../../../src/adapters/redis/nodes/keys.ts'
import type { ConnectTarget } from '../../../src/contract/adapter.ts'
import { AdapterFixture } from '../../support/adapter-fixture.ts'
import { brokerUrl } from '../../support/brokers.ts'

export * from '../../support/contract.ts'

export const url = brokerUrl('redis')
export const keys = new Keys('sluice')

export class Fixture extends AdapterFixture {
  bare!: Redis

  constructor(changes: Partial<ConnectTarget> = {}) {
    super(redisAdapter, url, changes)
  }

  protected override async openBare(): Promise<void> {
    this.bare = new Redis(url, { protocol: 2 })
  }

  protected override async closeBare(): Promise<void> {
    this.bare.disconnect()
  }

  /** Every key of a node, with a digest of its content (a hash has no order of its own). */
  async dump(base: string): Promise<Record<string, string>> {
    const found = await this.bare.keys(`${base.replace(/[\\*?[\]]/g, '\\$&')}*`)
    const content: Record<string, string> = {}
    for (const key of found.sort()) {
      const digest = createHash('sha1').update(JSON.stringify(await this.#content(key)))
      content[key] = digest.digest('hex')
    }
    return content
  }

  async #content(key: string): Promise<unknown> {
    switch (await this.bare.type(key)) {
      case 'hash':
        return Object.entries(await this.bare.hgetall(key)).sort()
      case 'zset':
        return this.bare.zrange(key, '0', '-1', 'WITHSCORES')
      case 'set':
        return (await this.bare.smembers(key)).sort()
      case 'list':
        return this.bare.lrange(key, 0, -1)
      default:
        return this.bare.get(key)
    }
  }
}
