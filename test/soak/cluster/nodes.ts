/** The nodes of a cluster of Redis servers, and a client that looks at one of them. */
import { Redis } from 'ioredis'
import type { PrivateBroker } from '../../support/brokers.ts'
import { clusterUrls } from '../random/redis-cluster-faults.ts'

/** A node that does not answer in this time is away. Unit: ms. */
export const ANSWER_MS = 1_500
const AGAIN_MS = 50

export function redisNodeUrls(own: PrivateBroker): string[] {
  if (own.name === 'redis-cluster') return clusterUrls(own)
  const password = own.environment.SLUICE_TEST_REDIS_SENTINEL_PASSWORD
  return ['master', 'replica'].map((role) => `redis://:${password}@127.0.0.1:${own.ports[role]}`)
}

/** Comes back by itself, and fails at once what cannot be asked now. */
export function openProbing(url: string): Redis {
  const redis = new Redis(url, {
    protocol: 2,
    commandTimeout: ANSWER_MS,
    connectTimeout: ANSWER_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => AGAIN_MS,
  })
  redis.on('error', () => {})
  return redis
}
