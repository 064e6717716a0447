/** One short-lived connection to a Redis server. */
import { readFileSync } from 'node:fs'
import { Redis, type RedisOptions } from 'ioredis'

export async function withRedis<T>(
  target: { readonly url: string | undefined; readonly ca?: string | undefined },
  work: (client: Redis) => Promise<T>,
): Promise<T> {
  const options: RedisOptions = {
    lazyConnect: true,
    connectTimeout: 3000,
    commandTimeout: 3000,
    // Otherwise a timer keeps the process for two seconds after the disconnection.
    disconnectTimeout: 50,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    ...(target.ca === undefined ? {} : { tls: { ca: readFileSync(target.ca) } }),
  }
  const client = new Redis(target.url as string, options)
  // Without a listener ioredis prints what the caller learns from the rejection anyway.
  let cause: Error | undefined
  client.on('error', (error: Error) => {
    cause = error
  })
  try {
    await client.connect()
    return await work(client)
  } catch (error) {
    throw cause ?? error
  } finally {
    client.disconnect()
  }
}
