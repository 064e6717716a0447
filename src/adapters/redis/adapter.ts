/** Redis 7 by `ioredis`: alone, behind Sentinels, or as a Cluster. */
import type { Adapter, AdapterConnection, ConnectionEvents, ConnectTarget } from '../../contract/adapter.ts'
import { redisCapabilities } from './capabilities.ts'
import { RedisMessage } from './codec/incoming.ts'
import { RedisConnection } from './connection.ts'
import { ADAPTER } from './errors.ts'
import { endpointOf } from './options.ts'

export const redisAdapter: Adapter = {
  name: ADAPTER,
  schemes: ['redis', 'rediss', 'redis+unix', 'redis+socket', 'unix'],
  capabilities: redisCapabilities,
  validate(target: ConnectTarget): void {
    endpointOf(target)
  },
  places(target: ConnectTarget) {
    return endpointOf(target).nodes
  },
  connect(target: ConnectTarget, events: ConnectionEvents, signal: AbortSignal): Promise<AdapterConnection> {
    return RedisConnection.open(endpointOf(target), events, signal)
  },
  fromWireForm(form: Uint8Array, body: Uint8Array) {
    return RedisMessage.fromWireForm(form, body)
  },
}
